"""`python -m coterie.model.training COMMAND`: the commands, in a process whose threads and memory suit them."""

from coterie.model.training.process import settle

if __name__ == "__main__":
    settle()
    from coterie.model.training.commands import main  # torch is not to be loaded before the process is settled

    main()
