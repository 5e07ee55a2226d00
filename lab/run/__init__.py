"""The run: the loop over cells, and what it needs. Cells are measured one after the other, and no measured cell is lost."""
