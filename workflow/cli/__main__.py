from workflow.cli import run

run()
