// SPDX-License-Identifier: Apache-2.0
//
// The bodies of Boost's header-only libraries, compiled here once instead of in every file that uses them.
#include <boost/asio/impl/src.hpp>
#include <boost/beast/src.hpp>
