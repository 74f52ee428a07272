"""What is shown of flow: pictures, tables of errors, videos."""
