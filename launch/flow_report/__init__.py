"""What is shown of flow: solvers compared on pairs, pictures, tables of errors, videos."""
