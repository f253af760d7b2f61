"""The catalogue of series: championships, drivers, teams and circuits as data, and one matcher over all names."""
