"""Networks: charts and their counts, bottlenecks, and training that shows what initialisation does."""
