# SPDX-License-Identifier: Apache-2.0
# bash-completion finds this by its name. Where netcut-fl has nothing to propose, a file is completed.
_netcut_fl() {
    mapfile -t COMPREPLY < <(netcut-fl complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o bashdefault -o default -F _netcut_fl netcut-fl
