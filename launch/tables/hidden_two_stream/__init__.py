"""The tables of Hidden Two-Stream Networks (Zhu et al., ACCV 2018)."""
