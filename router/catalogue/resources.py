"""What a descriptor says a run needs, carried by Core to whoever runs it.

Core has no fields for memory or processors. It does pass the values of server parameters on with every launch, as
options of sbatch (router-protocol.md 2.2.6): hidden ones with a default say it to any router, without a second store.
"""

from __future__ import annotations

import math
from collections.abc import Collection

from router.core import NewParameter
from router.descriptor import Resources


def resource_parameters(resources: Resources, taken: Collection[str], first_index: int) -> list[NewParameter]:
    """Server parameters for what a run needs.

    Parameters
    ----------
    resources
        From the descriptor.
    taken
        Names that the software's own parameters have; those win.
    first_index
        Where to go on numbering.
    """
    needs = {
        "mem": ("Memory in MB", _text(resources.ram_mb)),
        "cpus-per-task": ("Processor cores", _text(resources.cpus and math.ceil(resources.cpus))),
        "gres": ("Graphics processors", f"gpu:{resources.gpus}" if resources.gpus else None),
    }
    wanted = [(name, human, value) for name, (human, value) in needs.items() if value and name not in taken]
    return [
        NewParameter(
            name=name,
            type="String",
            index=first_index + 100 * place,
            human_name=human,
            value_key=f"[{name.upper()}]",
            flag=f"--{name}",
            default=value,
            required=False,
            set_by_server=True,
            server_parameter=True,
        )
        for place, (name, human, value) in enumerate(wanted)
    ]


def _text(value: float | None) -> str | None:
    return str(value) if value else None
