"""What each step is for, in plain words, and how long it may take unless the drill says otherwise."""

from __future__ import annotations

from harness.model.plan import Action

# Units: seconds. A deadline ends a step that hangs; it is no objective.
DEADLINES_S: dict[Action, float] = {
    Action.PREPARE_IMAGES: 1800,
    Action.PREFLIGHT: 300,
    Action.START_SOURCE: 900,
    Action.SURVEY: 180,
    Action.GUARD: 60,
    Action.START_WATCHES: 60,
    Action.STOP_SOURCE_PORTAL: 180,
    Action.INVENTORY_BEFORE: 900,
    Action.BACK_UP: 1800,
    Action.CONFIRM_REST: 900,
    Action.START_SOURCE_PORTAL: 300,
    Action.AWAIT_CANARIES: 60,
    Action.INVENTORY_AFTER: 900,
    Action.SEAL: 600,
    Action.VERIFY_ARTEFACTS: 900,
    Action.DISASTER: 180,
    Action.CREATE_TARGET: 180,
    Action.LAUNCH_SERVICE: 60,
    Action.START_SERVICE: 300,
    Action.RESTORE: 1800,
    Action.INVENTORY_RESTORED: 900,
    Action.PURGE: 300,
    Action.REWIRE: 60,
    Action.START_PORTAL: 600,
    Action.FIRST_SEARCH: 300,
    Action.REBUILD: 3600,
    Action.OBSERVE: 600,
    Action.TEAR_DOWN: 180,
}

WHY: dict[Action, str] = {
    Action.PREPARE_IMAGES: "build or find the images; in no objective",
    Action.PREFLIGHT: "show that every image starts with empty data on this engine, so that a failure later is theirs",
    Action.START_SOURCE: "start the source with its content and wait until it is healthy",
    Action.SURVEY: "see what the source really has, against what the drill declares",
    Action.GUARD: "refuse to go on where a condition does not hold",
    Action.START_WATCHES: "write numbered canaries through the portal, probe it, write the nonce",
    Action.STOP_SOURCE_PORTAL: "stop the portal for the offline backup; its downtime starts",
    Action.INVENTORY_BEFORE: "list what {subject} holds before its backup, by a path independent of it",
    Action.BACK_UP: "back up {subject}",
    Action.CONFIRM_REST: "show that the portal rested all the time, and that nothing changed in its files",
    Action.START_SOURCE_PORTAL: "start the portal again; its downtime ends",
    Action.AWAIT_CANARIES: "wait until every tier has a canary from after its capture, to measure what is lost",
    Action.INVENTORY_AFTER: "list what {subject} holds after its backup: what changed meanwhile is not judged by value",
    Action.SEAL: "write artefacts and manifests into the vault as a restore point",
    Action.VERIFY_ARTEFACTS: "read every artefact again and compare it with its manifest, as one must after a disaster",
    Action.DISASTER: "take the source away; from here on the restore point is all there is",
    Action.CREATE_TARGET: "make an empty, isolated target and prove that it is empty",
    Action.LAUNCH_SERVICE: "let {subject} begin to start: it needs nothing that is restored",
    Action.START_SERVICE: "wait until {subject} runs, which a restore needs",
    Action.RESTORE: "restore {subject}",
    Action.INVENTORY_RESTORED: "list what {subject} holds now, to compare it with the source",
    Action.PURGE: "remove the contents of {subject}, so that the portal builds it anew when it starts",
    Action.REWIRE: "replace the values that must differ in a sandbox",
    Action.START_PORTAL: "start the portal and all other services and wait until it is healthy",
    Action.FIRST_SEARCH: "search as a plain user until the answers are exactly right; recovery ends here",
    Action.REBUILD: "rebuild {subject} from the restored data",
    Action.OBSERVE: "make the observations of the checks: {subject}",
    Action.TEAR_DOWN: "remove the sandbox with all that it made",
}

OBSERVED_WHEN: dict[str, str] = {
    "at_rest": "data restored, portal not started",
    "as_restored": "portal up, before anything can repair itself",
    "after_rebuild": "index rebuilt",
    "settled": "asynchronous work done",
    "tested": "the tests beside the drill file have run",
    "torn_down": "nothing may be left",
}
