# bash completion of sallyctl, from sallyctl --completions bash
_sallyctl()
{
        local word=${COMP_WORDS[COMP_CWORD]} words=
        case $COMP_CWORD:${COMP_WORDS[1]} in
        1:*) words='run guard approvals sessions audit policy sql unmask keys doctor status metrics version' ;;
        2:guard) words='add remove list events check unit' ;;
        2:approvals) words='list show approve deny watch' ;;
        2:sessions) words='list show replay columns' ;;
        2:audit) words='verify export' ;;
        2:policy) words='check decide explain suggest' ;;
        2:sql) words='inspect' ;;
        2:unmask) words='--session --column --integer --reason --approval --no-wait' ;;
        2:keys) words='rotate-mask' ;;
        2:doctor) words='--workload --pid --fix --json' ;;
        esac
        COMPREPLY=($(compgen -W "$words" -- "$word"))
        [ ${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- "$word"))
}
complete -F _sallyctl sallyctl
