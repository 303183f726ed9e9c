// SPDX-License-Identifier: Apache-2.0
#include "record/end_reason.h"

namespace netcut {

const char* end_text(EndReason reason) {
    switch (reason) {
        case EndReason::all_exited:
            return "all nodes ended";
        case EndReason::finished:
            return "the end line came";
        case EndReason::collaborators_ended:
            return "all collaborators ended";
        case EndReason::not_ready:
            return "the readiness line did not come in time";
        case EndReason::hung:
            return "no progress";
        case EndReason::timeout:
            return "the run's time is over";
        case EndReason::interrupted:
            return "a signal";
        case EndReason::failed:
            break;
    }
    return "an error";
}

}  // namespace netcut
