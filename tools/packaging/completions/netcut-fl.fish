# SPDX-License-Identifier: Apache-2.0
# Where netcut-fl has nothing to propose, a file is completed.
function __netcut_fl_complete
    set -l candidates (netcut-fl complete -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)
    if test (count $candidates) -gt 0
        printf '%s\n' $candidates
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c netcut-fl -f -a '(__netcut_fl_complete)'
