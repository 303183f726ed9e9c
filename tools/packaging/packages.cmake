# SPDX-License-Identifier: Apache-2.0
#
# Packages for Debian: `cpack` in the build folder. A component of the installation is a package.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME netcut-fl)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_COMPONENTS_ALL main library dev pytest)
if(NETCUT_REFERENCE)
    list(APPEND CPACK_COMPONENTS_ALL reference)
endif()
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(NETCUT_PACKAGER "netcut-fl maintainers <maintainers@netcut-fl.invalid>" CACHE STRING "Who packages it: NAME <ADDRESS>")
set(CPACK_DEBIAN_PACKAGE_MAINTAINER ${NETCUT_PACKAGER})
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(CPACK_DEBIAN_MAIN_PACKAGE_NAME netcut-fl)
set(CPACK_DEBIAN_MAIN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_MAIN_PACKAGE_RECOMMENDS netcut-fl-reference)
set(CPACK_COMPONENT_MAIN_DESCRIPTION "tests whether federated learning survives a broken network
It runs an aggregator and its collaborators in network namespaces of their
own, cuts one of them off at a chosen moment, heals the cut, and says
whether the federation recovered, crashed or hung, and why.")
set(CPACK_DEBIAN_MAIN_PACKAGE_CONTROL_EXTRA
    "${CMAKE_CURRENT_LIST_DIR}/debian/postinst;${CMAKE_CURRENT_LIST_DIR}/debian/prerm;${CMAKE_CURRENT_LIST_DIR}/debian/postrm")

set(CPACK_DEBIAN_REFERENCE_PACKAGE_NAME netcut-fl-reference)
set(CPACK_DEBIAN_REFERENCE_PACKAGE_SECTION net)
set(CPACK_DEBIAN_REFERENCE_PACKAGE_DEPENDS "netcut-fl (= ${PROJECT_VERSION})")
set(CPACK_COMPONENT_REFERENCE_DESCRIPTION "federation that netcut-fl runs by default
Federated averaging over gRPC with mutual TLS, made for being cut: what it
does about errors is an option, so that each outcome can be seen.")

set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME libnetcut0)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_DEPENDS "netcut-fl (= ${PROJECT_VERSION})")
set(CPACK_DEBIAN_LIBRARY_PACKAGE_CONTROL_EXTRA "${CMAKE_CURRENT_LIST_DIR}/debian/triggers;${CMAKE_BINARY_DIR}/debian/shlibs")
file(WRITE ${CMAKE_BINARY_DIR}/debian/shlibs "libnetcut 0 libnetcut0 (>= ${PROJECT_VERSION})\n")
set(CPACK_COMPONENT_LIBRARY_DESCRIPTION "library that cuts the network of a federation
It makes a scenario, runs it by netcut-fl, follows its events and reads
its verdict. This is what programs need that are built with it.")

set(CPACK_DEBIAN_DEV_PACKAGE_NAME libnetcut-dev)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_PACKAGE_SHLIBDEPS OFF)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS "libnetcut0 (= ${PROJECT_VERSION})")
set(CPACK_COMPONENT_DEV_DESCRIPTION "library that cuts the network of a federation: development files
The C++ header, and what CMake and pkg-config need to find it.")

# Pure Python, as `pip install ./tools/pytest` would leave it.
set(CPACK_DEBIAN_PYTEST_PACKAGE_NAME python3-pytest-netcut)
set(CPACK_DEBIAN_PYTEST_PACKAGE_SECTION python)
set(CPACK_DEBIAN_PYTEST_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_PYTEST_PACKAGE_SHLIBDEPS OFF)
set(CPACK_DEBIAN_PYTEST_PACKAGE_DEPENDS "python3 (>= 3.9), python3-pytest (>= 7), netcut-fl (>= ${PROJECT_VERSION})")
set(CPACK_COMPONENT_PYTEST_DESCRIPTION "pytest fixtures that cut the network of distributed programs
A test runs an aggregator and its collaborators, or a server and its
clients, cuts one of them off by netcut-fl, and asks what became of them.
Has a module for notebooks, too, that reads what runs have left.")
set(about ${CMAKE_BINARY_DIR}/pytest_netcut-${PROJECT_VERSION}.dist-info)
configure_file(${PROJECT_SOURCE_DIR}/tools/packaging/python/METADATA.in ${about}/METADATA @ONLY)
file(COPY ${PROJECT_SOURCE_DIR}/tools/packaging/python/entry_points.txt DESTINATION ${about})
install(DIRECTORY ${about} DESTINATION lib/python3/dist-packages COMPONENT pytest)
install(DIRECTORY tools/pytest/netcut DESTINATION lib/python3/dist-packages COMPONENT pytest FILES_MATCHING PATTERN "*.py")
install(FILES tools/pytest/README.md DESTINATION share/doc/python3-pytest-netcut COMPONENT pytest)
install(DIRECTORY tools/pytest/example DESTINATION share/doc/python3-pytest-netcut COMPONENT pytest
        PATTERN __pycache__ EXCLUDE)

# What Debian's policy asks of every package (12.5, 12.7).
set(documents ${CMAKE_BINARY_DIR}/debian)
file(WRITE ${documents}/changelog "netcut-fl (${PROJECT_VERSION}) unstable; urgency=medium

  * See /usr/share/doc/netcut-fl.

 -- ${CPACK_DEBIAN_PACKAGE_MAINTAINER}  Mon, 30 Nov 2026 00:00:00 +0000
")
execute_process(COMMAND gzip -9nf ${documents}/changelog)
foreach(component IN LISTS CPACK_COMPONENTS_ALL)
    string(TOUPPER ${component} upper)
    set(package ${CPACK_DEBIAN_${upper}_PACKAGE_NAME})
    install(FILES ${CMAKE_CURRENT_LIST_DIR}/debian/copyright ${documents}/changelog.gz DESTINATION share/doc/${package}
            COMPONENT ${component})
    if(EXISTS ${CMAKE_CURRENT_LIST_DIR}/debian/${package}.lintian-overrides)
        install(FILES ${CMAKE_CURRENT_LIST_DIR}/debian/${package}.lintian-overrides DESTINATION share/lintian/overrides
                RENAME ${package} COMPONENT ${component})
    endif()
endforeach()
install(DIRECTORY docs DESTINATION share/doc/netcut-fl COMPONENT main)
install(FILES README.md DESTINATION share/doc/netcut-fl COMPONENT main)
include(CPack)
