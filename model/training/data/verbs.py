"""Verbs with which the documentation of an operation may begin, and which a step or a refusal may use."""

VERBS = frozenset(
    """abort accept activate add adjust allocate allow analyze apply approve archive arm assign associate attach
    authorize batch begin bind book build calculate calibrate call cancel center change check choose claim clear
    clip clone close commit compare complete compute configure confirm connect construct convert copy count create
    deactivate decline decode decrypt define delete deny deploy deprecate deprovision deregister describe destroy
    detach detect determine disable disassociate discard disconnect discover display distribute divide download
    draw edit enable encrypt end enroll ensure enter escalate estimate evaluate exchange execute expand export
    extend extract fetch fill finalize find fit flush fold force format forward generate get give grade grant
    group import increase indicate infer initialize initiate insert install integrate interpolate invoke issue
    join launch leave level link list load lock log look make manage mark measure merge migrate modify monitor
    move multiply mute normalize notify obtain open order override pad parse patch pause perform permit pin place
    plan play poll post predict prepare preview print process project promote provide provision publish purchase
    purge put query rate read rebalance reboot rebuild receive recognize recommend record recount recover redirect
    refill refresh refund register reject release remind remove rename renew rent reorder repeat replace report
    request require reschedule resend reserve reset resize resolve restart restore resume retire retrieve return
    reverse revoke roll rollback rotate round run sample save scale scan schedule search select send set share
    show shuffle shut sign simulate skip snooze solve sort split stack stage start stop store stream submit
    subscribe suggest sum summarize suspend swap switch sync synchronize tag take tell terminate test track
    transfer translate trigger truncate turn unassign unbind undelete uninstall unlock unregister unsubscribe
    untag update upgrade upload upsert use validate verify view wait watch withdraw work wrap write""".split()  # noqa: SIM905
)
