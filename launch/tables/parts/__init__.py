"""What tables are made from: cells that train, and the computing, the stored results and the page of every table."""
