"""`python -m coterie.model.training COMMAND`: the commands, in a process whose threads and memory suit them."""

from coterie.model.training.process import settle

settle()

from coterie.model.training.commands import main  # noqa: E402  (torch must not be loaded before the process is settled)

main()
