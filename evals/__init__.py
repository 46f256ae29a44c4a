"""Evals: suites of tasks, a runner that turns them into episodes and scores, and reports of what they say.

In the flow: suite -> trials -> episodes -> scores (pass@k, pass^k, intervals, cost) -> compare -> report.
"""
