"""The shell: time, SQLite, billing, the HTTP server and the command line; it knows everything below it.

The path of one account: `fleet` reads everything and decides who needs a look; `workqueue` holds keys; `loop` takes
them; `reconciler` looks at one subscriber; `executor` makes the call and remembers it. `app` puts all of it together.
"""
