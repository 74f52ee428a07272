"""Generated pairs of frames with exact flow: textured layers that move, turn, zoom, bend and hide one another.

`recipe` says how pairs are drawn, `scene` draws one, `texture` paints its layers, `render` shows it twice.
"""
