# SPDX-License-Identifier: Apache-2.0
#
# Makes the template of all pages, as C++, of the files in this folder and of the charting library (third_party/uplot):
# one style element, one script element.

set(NETCUT_PAGE_DIR ${CMAKE_CURRENT_LIST_DIR})
set(NETCUT_CHARTS_DIR ${PROJECT_SOURCE_DIR}/third_party/uplot)
# In this order; they share one scope.
set(NETCUT_PAGE_SCRIPTS elements.js format.js tables.js theme.js range.js phases.js lanes.js rows.js links.js timeline.js
    capacity.js traffic.js verdict.js safety.js why.js aftermath.js faults.js logs.js sockets.js nodes.js run.js experiments.js map.js study_charts.js study.js
    comparison.js matrix.js index.js main.js)

# As Content-Security-Policy names what may run: the SHA-256 in base64.
function(netcut_csp_hash text result)
    set(alphabet "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    string(SHA256 hex "${text}")
    set(encoded "")
    # 32 bytes are ten groups of three, and two bytes more.
    foreach(at RANGE 0 60 6)
        string(SUBSTRING "${hex}00" ${at} 6 group)
        foreach(shift 18 12 6 0)
            math(EXPR index "(0x${group} >> ${shift}) & 63")
            string(SUBSTRING ${alphabet} ${index} 1 letter)
            string(APPEND encoded ${letter})
        endforeach()
    endforeach()
    string(SUBSTRING ${encoded} 0 43 encoded)
    set(${result} "sha256-${encoded}=" PARENT_SCOPE)
endfunction()

function(netcut_bundle_page output)
    set(sources page.html style.css page.cpp.in ${NETCUT_PAGE_SCRIPTS})
    list(TRANSFORM sources PREPEND ${NETCUT_PAGE_DIR}/)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${sources})

    file(READ ${NETCUT_CHARTS_DIR}/LICENSE licence)
    file(READ ${NETCUT_CHARTS_DIR}/uPlot.iife.min.js library)
    file(READ ${NETCUT_CHARTS_DIR}/uPlot.min.css style)
    set(script "/* uPlot:\n${licence}*/\n${library}\n")
    file(READ ${NETCUT_PAGE_DIR}/style.css own_style)
    string(APPEND style "${own_style}")
    string(APPEND script "(() => {\n\"use strict\";\n")
    foreach(name IN LISTS NETCUT_PAGE_SCRIPTS)
        file(READ ${NETCUT_PAGE_DIR}/${name} part)
        string(APPEND script "${part}")
    endforeach()
    string(APPEND script "})();\n")
    if("${style}${script}" MATCHES "</s(cript|tyle)")
        message(FATAL_ERROR "A script or style of the page would end its own element")
    endif()

    netcut_csp_hash("${style}" style_hash)
    netcut_csp_hash("${script}" script_hash)
    file(READ ${NETCUT_PAGE_DIR}/page.html page)
    foreach(part style_hash script_hash style script)
        string(REPLACE "{{${part}}}" "${${part}}" page "${page}")
    endforeach()
    string(FIND "${page}" "{{title}}" title)
    string(FIND "${page}" "{{data}}" data)
    math(EXPR after_title "${title} + 9")
    math(EXPR between "${data} - ${after_title}")
    math(EXPR after_data "${data} + 8")
    string(SUBSTRING "${page}" 0 ${title} NETCUT_PAGE_BEFORE_TITLE)
    string(SUBSTRING "${page}" ${after_title} ${between} NETCUT_PAGE_BEFORE_DATA)
    string(SUBSTRING "${page}" ${after_data} -1 NETCUT_PAGE_AFTER_DATA)
    configure_file(${NETCUT_PAGE_DIR}/page.cpp.in ${output} @ONLY)
endfunction()
