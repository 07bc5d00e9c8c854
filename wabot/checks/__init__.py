"""Each check once: for `wabot check`, for `serve` at its start and while it runs, for `/readyz`.

A check asks one question of a context that its group defines, and says how it went; it knows
neither repositories nor gateways. To add a group, or checks to one:

1. In a module here, describe what the checks need as a dataclass or a Protocol (plain facts, or
   async methods that fetch them), write an `async def` per check that takes it and returns
   `good(…)`, `bad(…, fix)`, `warn(…, fix)` or `skip(why)`, and list them:

       CHECKS = (
           Check("aws.identity", "the credentials are those of somebody", _identity),
           Check("aws.bucket", "the bucket can be written", _bucket, needs=("aws.identity",)),
       )

   A WabotError that a check raises is its failure (message and hint), at the check's severity;
   any other exception reports it as crashed. What blocks goes through `asyncio.to_thread`.
2. In `wabot/container/checks/` write `def sets(around: Surroundings) -> tuple[CheckSet, ...]`,
   which joins the checks with their context (one, or one per subject, such as each shop), and add
   the module to `GROUPS`: `wabot check GROUP`, `check all` and `serve` have it from then on.

A `fix` is a command, or the exact place to change something at. No detail holds a secret.
"""
