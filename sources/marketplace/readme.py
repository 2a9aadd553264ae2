"""The page that lies beside a simulation's files and says what they are."""

from __future__ import annotations

from sources.marketplace.settings import Settings

_PAGE = """# A simulated marketplace

**Everything here is simulated.** No person, shop, item or brand in these files is real. Every event says
`domain: simulated` and `source: simulated-marketplace`; users and items say so in `extras`.

Made by `{command}`; the same command makes the same bytes.

- `<window>/events.parquet`, `users.parquet`, `items.parquet`: what the source delivers for that window, the {length}
  days from its date. Late events lie in the window in which they arrive.
- `mapping.yaml`: reads it; point TIDEGRAPH_MAPPING at it and TIDEGRAPH_DROP at this folder.
- `truth/`: what no recommender gets to see.

| truth | says |
|---|---|
| `settings.json` | what the simulation was asked for; all the rest follows from it |
| `schedule.json` | windows with a flaw of their own, new categories, seasons, campaigns, the named users' interests |
| `users.parquet` | interests with their shares, taste in price, own brands, activity, first day, deletion |
| `items.parquet` | weight within the category for each taste in price, first day on sale, withdrawal; cold: later |
| `shifts.parquet` | who shifts, when, from which category to which, suddenly or gradually, whether to a new one |
| `staples.parquet` | what is bought again and again: purchase m falls up to a quarter period after phase + m · period |
| `cold_users.parquet` | who comes later |
| `deletions.parquet` | who asks to be deleted, and when |
| `late.parquet` | events that arrive in a later window than the one they belong to |
| `duplicates.parquet` | events told twice: in their own window, or once more in a later one |
| `corrections.parquet` | events told again with revision 1, as one more piece or as a return, at the original's time |
| `broken.parquet` | events of which one cell was broken, and the promise that this breaks |
| `bots.parquet` | events that no person made |

Files about events are missing where the simulation has no such flaw. The flaws of whole windows:

- `added_column` brings a column `referrer`;
- `retyped_column` writes quantities as text, some of them as words;
- `missing_column` leaves out `session_id`;
- `bad_batch` breaks about 12 % of the rows;
- `renamed_column` calls `item_id` `product_id`, so that all events but searches lack their item.

For the same simulation without a flaw, name the others with `--flaws`. How likely each user is to buy each item at any
time: `Oracle(read_world(DIR))`, of `sources/marketplace/oracle.py` and `writing.py`.
"""


def readme(settings: Settings) -> str:
    return _PAGE.format(command=command_of(settings), length=settings.length)


def command_of(settings: Settings) -> str:
    """The command that makes the simulation."""
    options = settings.options
    words = [f"--{name} {getattr(options, name)}" for name in ("users", "items", "days", "events", "seed", "scenario")]
    if options.clean:
        words.append("--clean")
    elif set(options.flaws) != set(type(options)().flaws):
        words.append(f"--flaws {','.join(options.flaws)}")
    return " ".join(["tidegraph simulate", *words, f"--start {settings.start}", "--out DIR"])
