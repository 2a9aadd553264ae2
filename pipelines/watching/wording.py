"""A day under the watch, in words."""

from __future__ import annotations

from typing import Any


def tell_look(look: dict[str, Any]) -> list[str]:
    """What was graded, found, violated, asked for and done, a line each."""
    graded, finding, action = look["graded"], look["finding"], look["action"]
    lines = [f"{look['day']}  {_scores(graded)}", f"  {finding['finding']}: {finding['reason']}"]
    lines += [f"  drift: {signal['said']}" for signal in look["drift"]["signals"] if signal["violated"]]
    lines += [f"  asks for a retrain: {reason}" for reason in look["drift"]["retrain"]]
    if action is not None and action["rolled_back"]:
        lines.append(f"  ROLLED BACK: version {action['to']} serves again, was {action['from']}; {action['proof']}")
    elif action is not None and finding["finding"] == "REGRESSED":
        lines.append(f"  not rolled back: {action['reason']}")
    return lines


def notice(action: dict[str, Any]) -> str:
    """What is said to people after a rollback, or where a proven regression is left to them."""
    if not action["rolled_back"]:
        return f"Tidegraph did not roll back: {action['reason']}."
    return (
        f"Tidegraph rolled back by itself: version {action['to']} serves again, was {action['from']}. "
        f"{action['reason']}. Asked: {action['proof']}."
    )


def _scores(graded: dict[str, Any]) -> str:
    name = f"ndcg_at_{graded['k']}"
    if not graded["users"]:
        return f"lists of {graded['window']}: nobody who has a list bought anything"
    told = [
        f"{role} (version {graded['versions'][role]}) {means[name]:.4f}" for role, means in graded["metrics"].items()
    ]
    return f"lists of {graded['window']}, NDCG@{graded['k']} of {graded['users']} users: {', '.join(told)}"
