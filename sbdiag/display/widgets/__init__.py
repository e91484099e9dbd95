"""The explorer as ipywidgets: it works in JupyterLab, in Voilà and without a front end.

Pictures are drawn into ``Image`` widgets and text is written into ``HTML`` widgets, so that a value
is there as soon as a control is set. Log text goes into ``HTML`` through the ``html_*`` rooms, into
the options of lists made visible, and nowhere else: no description holds any.

Classes that a style sheet or a test can rely on, outermost first:

===========================  ======================================================
``sbdiag-explorer``          the whole
``sbdiag-upload``            the upload field; ``sbdiag-zone``, ``sbdiag-redact`` beside it
``sbdiag-error``             what went wrong while reading
``sbdiag-heading``           what stopped the start
``sbdiag-runs``              list of runs; ``sbdiag-processes``, ``sbdiag-operations`` likewise
``sbdiag-time``              range of time; ``sbdiag-lanes`` what a lane is; ``sbdiag-reset``
``sbdiag-timeline``          the picture
``sbdiag-denials``           the table of chosen denials
``sbdiag-widen``             how far to widen; ``sbdiag-xpc`` the kind of XPC names
``sbdiag-find``              finds proposals; ``sbdiag-previous``, ``sbdiag-next`` turn pages
``sbdiag-proposal``          one proposal, with ``sbdiag-accept`` (tick box), ``sbdiag-rule``
                             (its rules), ``sbdiag-way`` (how far) and ``sbdiag-unfold``
``sbdiag-access``            one access of it, with ``sbdiag-access-accept`` (tick box)
``sbdiag-offer``             one class that can be asked for, with ``sbdiag-ask`` (tick box)
``sbdiag-account``           where the chosen denials went
``sbdiag-sb``                the ``.sb`` text; ``sbdiag-nono``, ``sbdiag-verification``
===========================  ======================================================
"""

from sbdiag.display.widgets.explorer import Explorer
from sbdiag.display.widgets.upload import Upload

__all__ = ["Explorer", "Upload"]
