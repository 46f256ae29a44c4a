"""A recorded run as a picture: `coterie run TASK 2>&1 | python docs/picture.py "coterie run TASK" docs/run.svg`."""

import io
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

command, target = sys.argv[1], Path(sys.argv[2])
console = Console(record=True, width=100, file=io.StringIO())
console.print(Text(f"$ {command}", style="bold"))
console.print(Text(sys.stdin.read().rstrip()))
target.write_text(console.export_svg(title="coterie"))
