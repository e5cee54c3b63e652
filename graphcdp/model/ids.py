"""Opaque global ids: a tag for the type, then what finds the node.

    cus_01jd…  customer       idn_01jd…  identifier      dev_01jd…  the same identifier, seen as a device
    lnk_01jd…  evidence       mrg_01jd…  merge           seg_01jd…  segment
    spl_01jd…  split          cfl_01jd…  refused evidence     job_01jd…  job
    rej_01jd…  rejection      key_01jd…  API key         evt_<id>   event, by the producer's own id
    whk_01jd…  webhook        dlv_<webhook>_<change>     what becomes of one change at one webhook

Times order the ids of customers, since they are ULIDs; nothing may rely on more.
"""

from enum import StrEnum


class Tag(StrEnum):
    """What an id stands for."""

    CUSTOMER = "cus"
    IDENTIFIER = "idn"
    DEVICE = "dev"
    EVENT = "evt"
    SEGMENT = "seg"
    LINK = "lnk"
    MERGE = "mrg"
    SPLIT = "spl"
    CONFLICT = "cfl"
    JOB = "job"
    REJECTED = "rej"
    KEY = "key"
    WEBHOOK = "whk"
    DELIVERY = "dlv"


def tagged(tag: Tag, rest: str) -> str:
    """The global id of the thing of this type that `rest` finds."""
    return f"{tag}_{rest}"


def split_id(global_id: str) -> tuple[Tag, str] | None:
    """Tag and rest of a global id; None when it is not one."""
    tag, underscore, rest = global_id.partition("_")
    if not underscore or not rest:
        return None
    try:
        return Tag(tag), rest
    except ValueError:
        return None
