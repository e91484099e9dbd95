from __future__ import annotations

from sbdiag.capture.frames import DENIALS
from sbdiag.capture.unified_log import Counts, read_capture

MESSAGE = "Sandbox: wc(89150) deny(1) file-read-data /private/etc/sudoers"
STYLES = {
    "compact": f"2026-09-08 12:08:19.267 E  kernel[0:42486c] (Sandbox) {MESSAGE}",
    "default": "2026-09-08 12:08:19.267000+0000 0x858ae5   Error       0x0                  "
    f"0      0    kernel: (Sandbox) {MESSAGE}",
    "syslog": f"2026-09-08 12:08:19.267000+0000  localhost kernel[0]: (Sandbox) {MESSAGE}",
    "ndjson": '{"processImagePath":"\\/kernel","timestamp":"2026-09-08 12:08:19.267000+0000",'
    f'"processID":0,"eventMessage":"{MESSAGE}"}}',
    "message": MESSAGE,
}


def test_the_same_denial_reads_the_same_in_each_style() -> None:
    reading = read_capture("\n".join(STYLES.values()).encode())
    assert reading.counts == Counts(lines=5, denials=5)
    assert list(reading.denials["style"]) == list(STYLES)
    assert len(reading.denials[["process", "pid", "operation", "target"]].drop_duplicates()) == 1
    assert reading.denials.dtypes.equals(DENIALS.frame().dtypes) or not len(reading.unparsed)
