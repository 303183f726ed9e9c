# SPDX-License-Identifier: Apache-2.0
#
# Installs into a folder of its own, builds the project beside this file against that, in both ways, and runs it.
#     cmake -DBUILD=... -DSOURCE=... -DCOMPILER=... -P run.cmake
execute_process(COMMAND mktemp -d /tmp/netcut-test-library.XXXXXX OUTPUT_VARIABLE scratch OUTPUT_STRIP_TRAILING_WHITESPACE
                COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND chmod 755 ${scratch} COMMAND_ERROR_IS_FATAL ANY)  # nodes are not root

function(step)
    execute_process(COMMAND ${ARGV} RESULT_VARIABLE status)
    if(NOT status EQUAL 0)
        file(REMOVE_RECURSE ${scratch})
        if(status EQUAL 77)
            message("[  SKIPPED ] this machine cannot make a run")
            return()
        endif()
        message(FATAL_ERROR "this failed (${status}): ${ARGV}")
    endif()
endfunction()

foreach(component IN ITEMS main library dev)
    step(${CMAKE_COMMAND} --install ${BUILD} --prefix ${scratch}/usr --component ${component})
endforeach()
# What somebody else sees of it is the installation alone.
file(GLOB_RECURSE installed ${scratch}/usr/include/*)
if(NOT installed STREQUAL "${scratch}/usr/include/netcut/netcut.h")
    message(FATAL_ERROR "other headers are installed, too: ${installed}")
endif()
step(${CMAKE_COMMAND} -S ${SOURCE} -B ${scratch}/project -DCMAKE_PREFIX_PATH=${scratch}/usr -DCMAKE_CXX_COMPILER=${COMPILER}
     -DCMAKE_BUILD_TYPE=Debug)
step(${CMAKE_COMMAND} --build ${scratch}/project)
file(GLOB_RECURSE pc ${scratch}/usr/netcut.pc)
cmake_path(GET pc PARENT_PATH pkgconfig)
execute_process(COMMAND ${CMAKE_COMMAND} -E env PKG_CONFIG_PATH=${pkgconfig} pkg-config --cflags --libs netcut
                OUTPUT_VARIABLE flags OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
separate_arguments(flags)
step(${COMPILER} -std=c++20 -o ${scratch}/federation ${SOURCE}/federation.cpp ${flags})
file(MAKE_DIRECTORY ${scratch}/runs)
step(${scratch}/project/federation ${scratch}/runs)
file(REMOVE_RECURSE ${scratch})
