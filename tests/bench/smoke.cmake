# SPDX-License-Identifier: Apache-2.0
cmake_minimum_required(VERSION 3.25)
# Runs the benchmark in its short form: it must end well and write every figure. How large they are is not judged.
execute_process(COMMAND ${BENCH} --short --out ${OUT} RESULT_VARIABLE status ERROR_VARIABLE errors)
if(status EQUAL 3)
    message("[  SKIPPED ] ${errors}")
    return()
elseif(NOT status EQUAL 0)
    message(FATAL_ERROR "status ${status}: ${errors}")
endif()

file(READ ${OUT} report)
string(JSON count LENGTH "${report}" figures)
math(EXPR last "${count} - 1")
foreach(i RANGE ${last})
    string(JSON name GET "${report}" figures ${i} name)
    list(APPEND found ${name})
    foreach(member unit ratio_p50 ratio_p99)
        string(JSON ignored GET "${report}" figures ${i} ${member})
    endforeach()
    foreach(side product floor)
        foreach(member p50 p99 max n)
            string(JSON ignored GET "${report}" figures ${i} ${side} ${member})
        endforeach()
    endforeach()
endforeach()
foreach(name build_10_nodes take_down_10_nodes build_100_nodes take_down_100_nodes build_100_bridged
        start_1+20_processes memory_a_node_of_21 round_of_1+2 throughput_prepared round_trip_prepared
        build_7_in_2_sites throughput_held_1ms round_trip_held_1ms late_of_held late_of_held_busy error_of_10mbit
        error_of_trace cpu_a_second_of_20_links throughput_tapped round_trip_tapped
        throughput_beside_tap round_trip_beside_tap round_trip_10_faults log_pump_16_patterns line_to_loss_asleep line_to_loss_awake line_to_loss_beside_100kB
        fire_to_acknowledged fire_to_loss heal_to_passage daemon_fire_to_loss length_error_of_100ms
        report_of_10000_events memory_of_report_of_10000)
    if(NOT name IN_LIST found)
        message(FATAL_ERROR "the figure ${name} is missing")
    endif()
endforeach()
