"""Is the audit right where the truth is known? Associations, and then shape against texture.

Prints both sets of tables, keeps them in experiments/results and puts them into
docs/studies/associations.md and docs/studies/cue-conflict.md.

    python -m experiments.audit_truth [MATERIAL]      # MATERIAL as experiments.cue_conflict_truth
"""

from __future__ import annotations

import sys
from pathlib import Path

from experiments import associations_truth, cue_conflict_truth


def main(material: Path | None) -> None:
    associations_truth.main()
    cue_conflict_truth.main(material)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
