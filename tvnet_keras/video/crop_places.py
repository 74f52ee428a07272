"""Where windows lie in a frame (Temporal Segment Networks, Wang et al. 2016, section 3.2, and its code)."""


def five_places(room_y: int, room_x: int) -> list[tuple[int, int]]:
    """The four corners and the centre, as (top, left).

    Args:
        room_y: by how many pixels the frame is higher than the window.
        room_x: by how many it is wider.

    Example:
        >>> five_places(2, 4)
        [(0, 0), (0, 4), (2, 0), (2, 4), (1, 2)]
    """
    return [(0, 0), (0, room_x), (room_y, 0), (room_y, room_x), (room_y // 2, room_x // 2)]


def thirteen_places(room_y: int, room_x: int) -> list[tuple[int, int]]:
    """Every second field of a 5 x 5 chessboard, the corners among them, as (top, left).

    Args:
        room_y: by how many pixels the frame is higher than the window.
        room_x: by how many it is wider.
    """
    rows, columns = _quarters(room_y), _quarters(room_x)
    return [(rows[i], columns[j]) for i in range(5) for j in range(5) if (i + j) % 2 == 0]


def _quarters(room: int) -> tuple[int, ...]:
    """Offsets in quarters of the room, counted from the nearer end, so that a mirrored quarter is a quarter."""
    return 0, room // 4, room // 2, room - room // 4, room
