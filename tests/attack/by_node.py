# SPDX-License-Identifier: Apache-2.0
"""A program that runs as a node, and would have more than its user has, or reach past its cut."""
import os
import socket
import subprocess
import tempfile

from harness import (ALICE, BOB, NODE_PRELUDE, Skipped, attempt, become, check, descendants, end, pids, program, refused,
                     wait_until)

REFUSED = ("EPERM", "EACCES")


def simple(what, script, *errors):
    """An attempt that is one call, which the kernel must refuse."""
    attempt(what)(lambda daemon: refused(daemon, script, *(errors or REFUSED)))


simple("opens a raw socket", "report(lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1))")
simple("opens a packet socket, to see others' frames", "report(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW))")
simple("marks its packets, to pass the router's rules",
       "s = socket.socket(); report(lambda: s.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, 1))")
simple("binds a foreign source address", "s = socket.socket(); report(lambda: s.setsockopt(socket.SOL_IP, 19, 1))")
simple("takes its link down", """
import fcntl, struct
s = socket.socket()
for link in socket.if_nameindex():
    report(lambda: fcntl.ioctl(s, 0x8914, struct.pack("16sh14x", link[1].encode(), 0)))
""")
simple("forwards packets (sysctl)", "report(lambda: os.write(os.open('/proc/sys/net/ipv4/ip_forward', os.O_WRONLY), b'1'))", "EACCES", "EPERM", "EROFS")
simple("names a program for core dumps of the host", "report(lambda: open('/proc/sys/kernel/core_pattern', 'w').write('|/bin/true'))",
       "EACCES", "EPERM", "EROFS")
simple("presses a magic key", "report(lambda: open('/proc/sysrq-trigger', 'w').write('h'))", "EACCES", "EPERM", "EROFS", "ENOENT")
simple("mounts a file system", "report(lambda: call(libc.mount(b'none', b'/tmp', b'tmpfs', 0, None)))")
simple("takes its own /etc/hosts away", "report(lambda: call(libc.umount2(b'/etc/hosts', 2)))", "EPERM", "EINVAL")
simple("makes a device node", "report(lambda: os.mknod('/tmp/netcut-attack-device', 0o60666, os.makedev(8, 0)))")
simple("becomes root", "report(lambda: os.setuid(0))", "EPERM", "EINVAL")
simple("becomes another group", "report(lambda: os.setgid(0))", "EPERM", "EINVAL")
simple("changes its root folder", "report(lambda: os.chroot('/tmp'))")
simple("changes its host name", "report(lambda: socket.sethostname('attacker'))")
simple("sets the machine's clock", "import time; report(lambda: time.clock_settime(time.CLOCK_REALTIME, time.time()))")
simple("runs before all others (nice)", "report(lambda: os.nice(-5))")
simple("runs before all others (real time)", "report(lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)))")
simple("is never ended for want of memory", "report(lambda: os.write(os.open('/proc/self/oom_score_adj', os.O_WRONLY), b'-1000'))")
simple("loads a program into the kernel (bpf)", "report(lambda: call(libc.syscall(321, 5, ctypes.create_string_buffer(128), 128)))", "EPERM", "EACCES", "EINVAL")
simple("loads a kernel module", "report(lambda: call(libc.syscall(175, b'', 0, b'')))", "EPERM", "ENOSYS")
simple("loads another kernel", "report(lambda: call(libc.syscall(246, 0, 0, None, 0)))", "EPERM", "ENOSYS")
simple("restarts the machine", "report(lambda: call(libc.reboot(0x89abcdef)))")
simple("adds swap space", "report(lambda: call(libc.swapon(b'/tmp/none', 0)))")
simple("traces its first process", "report(lambda: call(libc.ptrace(16, 1, 0, 0)))")
simple("takes a socket of its first process", "fd = call(libc.syscall(434, 1, 0)); report(lambda: call(libc.syscall(438, fd, 0, 0)))")
simple("reads what its first process holds", "report(lambda: open('/proc/1/environ').read()); report(lambda: os.listdir('/proc/1/fd'))")
simple("enters its first process's network from outside", "report(lambda: call(libc.setns(os.open('/proc/1/ns/net', os.O_RDONLY), 0)))")
simple("makes a namespace without a user namespace", "report(lambda: call(libc.unshare(0x40000000)))")
simple("takes its link down from a user namespace of its own", """
import fcntl, struct
call(libc.unshare(0x10000000))
s = socket.socket()
report(lambda: fcntl.ioctl(s, 0x8914, struct.pack("16sh14x", b"eth0", 0)))
""")
simple("removes a mount from a user namespace of its own", """
call(libc.unshare(0x10000000 | 0x00020000))
report(lambda: call(libc.umount2(b'/etc/hosts', 2)))
""", "EPERM", "EINVAL")
simple("writes to the kernel's log", "report(lambda: os.write(os.open('/dev/kmsg', os.O_WRONLY), b'attack'))")
simple("takes over a control group", "report(lambda: open('/sys/fs/cgroup/cgroup.procs', 'w').write(str(os.getpid())))", "EACCES", "EPERM", "EROFS", "ENOENT")


@attempt("gets root by a program that is owned by root and set-uid")
def set_uid(daemon):
    with tempfile.TemporaryDirectory(prefix="netcut-attack-", dir="/var/tmp") as folder:
        os.chmod(folder, 0o755)
        subprocess.run(["cp", "/usr/bin/id", folder + "/id"], check=True)
        os.chmod(folder + "/id", 0o4755)
        printed = daemon.node(f"os.execv('{folder}/id', ['id', '-u'])")
    check(str(ALICE) in printed.split() and "0" not in printed.split(), "the program ran as: " + printed)
    return "it ran as the user: no_new_privs"


@attempt("changes the names that other nodes see")
def names_of_others(daemon):
    path = daemon.home(ALICE) + "/hosts.py"
    with open(path, "w") as file:
        file.write("import time; time.sleep(0.5); print(open('/etc/hosts').read())")
    out = daemon.home(ALICE) + "/hosts-run"
    daemon.node("""
try: open('/etc/hosts', 'a').write('192.0.2.7 planted')
except OSError: pass
import time; time.sleep(1)
""", ALICE, "--collaborator", "python3 " + path, "--out", out)
    with open(out + "/logs/collaborator1.out") as file:
        printed = file.read()
    check("aggregator" in printed, "the other node did not print its names: " + printed)
    check("planted" not in printed, "another node sees a name that it made up")
    return "each node has a file of its own"


@attempt("reads the keys of who started the daemon")
def keyring(daemon):
    printed = daemon.node("""
key = libc.syscall(249, b"user", b"netcut-secret", None, 0)
print("found", key)
room = ctypes.create_string_buffer(100)
if key > 0: libc.syscall(250, 11, key, room, 100)
print(room.value)
""")
    check("found" in printed, printed)
    check("TOPSECRET" not in printed and "found -1" in printed, "it read the key: " + printed)
    return "its session keyring is its own"


@attempt("shares a keyring with a node of another user")
def common_keyring(daemon):
    daemon.node('print(libc.syscall(248, b"user", b"netcut-left", b"x", 1, -3))', BOB)
    printed = daemon.node('print("found", libc.syscall(249, b"user", b"netcut-left", None, 0))')
    check("found -1" in printed, "it found the other's key: " + printed)
    return "another user's key is not found"


@attempt("connects to a server on the machine's loopback")
def host_loopback(daemon):
    with socket.create_server(("127.0.0.1", 0)) as server:
        return refused(daemon, f"report(lambda: socket.create_connection(('127.0.0.1', {server.getsockname()[1]}), 2))",
                       "ECONNREFUSED", "ENETUNREACH", "EHOSTUNREACH")


@attempt("connects to an abstract Unix socket of the machine")
def host_abstract(daemon):
    with socket.socket(socket.AF_UNIX) as server:
        name = "\0netcut-attack"
        server.bind(name)
        server.listen()
        return refused(daemon, "s = socket.socket(socket.AF_UNIX); report(lambda: s.connect('\\0netcut-attack'))", "ECONNREFUSED")


@attempt("reaches an address beyond the run's network, over IPv4 and IPv6")
def outside(daemon):
    return refused(daemon, """
for address in ("192.0.2.1", "2001:db8::1"):
    report(lambda: socket.create_connection((address, 9), 3))
""", "ENETUNREACH", "EHOSTUNREACH", "ECONNREFUSED", "ETIMEDOUT", "None")


@attempt("reads a file that only another user may")
def others_file(daemon):
    path = daemon.home(BOB) + "/secret"
    with open(path, "w") as file:
        file.write("secret")
    os.chmod(path, 0o600)
    os.chown(path, BOB, BOB)
    return refused(daemon, f"report(lambda: open('{path}').read())")


@attempt("finds processes of the machine")
def processes(daemon):
    printed = daemon.node("print('seen', sum(name.isdigit() for name in os.listdir('/proc')))")
    seen = int(printed.split("seen ")[1].split()[0])
    check(seen <= 5, f"it sees {seen} processes")
    return f"it sees {seen} processes, of its own run"


@attempt("ends its first process, and every process it may")
def kills(daemon):
    bystander = subprocess.Popen(["sleep", "60"], user=ALICE)
    try:
        daemon.node("os.kill(1, 9)\ntry: os.kill(-1, 9)\nexcept OSError: pass\n")
        check(bystander.poll() is None, "a process of the user outside of the run was ended")
    finally:
        bystander.kill()
        bystander.wait()
    return "nothing outside of the node was ended"


@attempt("inherits a descriptor that is not its own")
def descriptors(daemon):
    printed = daemon.node("""
fds = []
for fd in range(3, 1024):
    try: os.fstat(fd)
    except OSError: continue
    fds.append(os.readlink(f"/proc/self/fd/{fd}"))
print("fds", fds)
""")
    check("fds []" in printed, "it has " + printed)
    return "it has standard input, output and errors alone"


@attempt("lives on when its run is over (double fork, new session, ignored signals)")
def detaches(daemon):
    daemon.node("""
import signal, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in (1, 2, 15): signal.signal(number, signal.SIG_IGN)
        os.close(1); os.close(2)
        os.execvp("sleep", ["netcut-attack-survivor", "100"])
    os._exit(0)
time.sleep(0.3)
""")
    left = [pid for pid in pids() if "netcut-attack-survivor" in open(f"/proc/{pid}/cmdline").read()] if pids() else []
    check(not left, f"it lives on as {left}")
    return "it is gone with its run"


@attempt("fills the process table")
def fork_bomb(daemon):
    before = len(pids())
    daemon.node("""
import time
end = time.monotonic() + 0.3
while time.monotonic() < end:
    try: os.fork()
    except OSError: time.sleep(0.1)
""")
    after = len([pid for pid in descendants(daemon.process.pid)])
    check(after < before + 50, f"{after} processes are left")
    return "its processes are bounded, and gone with it"


@attempt("has capabilities, or a way to gain them, at any time")
def capabilities(daemon):
    printed = daemon.node("""
for line in open("/proc/self/status"):
    if line.startswith(("CapEff", "CapPrm", "CapInh", "CapAmb", "CapBnd", "NoNewPrivs", "Uid", "Gid", "Groups")): print(line.strip())
""")
    values = dict(line.split(":\t") for line in printed.splitlines() if ":\t" in line)
    for name in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
        check(int(values[name], 16) == 0, f"{name} is {values[name]}")
    check(values["NoNewPrivs"] == "1", "no_new_privs is off")
    check(set(values["Uid"].split()) == {str(ALICE)}, "its user ids are " + values["Uid"])
    return "none, and no_new_privs"


@attempt("heals its own cut by the daemon's socket")
def heals_itself(daemon):
    printed = daemon.node(f"""
s = socket.socket(socket.AF_UNIX)
report(lambda: s.connect("{daemon.socket}"))
""")
    if "done" in printed:
        raise Skipped("a node of a member reaches the daemon's socket by its path, as docs/security.md says")
    check("error" in printed, printed)
    return "the socket is not there for nodes"


@attempt("heals its own cut by the door of a run without a daemon")
def heals_itself_by_the_door(daemon):
    """The name is in /proc/net/unix of the machine's network; the node knows it, and tries every way to get there."""
    home = daemon.home(ALICE)
    with open(f"{home}/door.py", "w") as file:
        file.write(NODE_PRELUDE + DOOR)
    run = subprocess.Popen(
        [program("netcut-fl"), "run", "--local", "--cols", "1", "--out", f"{home}/door-run", "--grace", "300ms", "--aggregator", "sleep 30",
         "--collaborator", f"python3 {home}/door.py"],
        preexec_fn=become(ALICE), cwd=home, env={"PATH": os.environ["PATH"]}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True)
    try:
        prefix = f"@netcut-fl/{ALICE}/"
        names = []
        wait_until(lambda: names.extend(line.split()[-1] for line in open("/proc/net/unix") if prefix in line) or names, "the run listens")
        with open(f"{home}/door-name", "w") as file:
            file.write(names[0][1:])
        wait_until(lambda: "tried" in read(f"{home}/door-run/logs/collaborator1.out"), "the node has tried")
        printed = read(f"{home}/door-run/logs/collaborator1.out")
        check("done" not in printed, "it got there: " + printed)
        check(printed.count("error") >= 2, "it did not try: " + printed)
        asked = subprocess.run(
            [program("netcut-fl"), "exec", f"{home}/door-run", "aggregator", "hostname"], preexec_fn=become(ALICE), cwd=home,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        check(asked.stdout == "aggregator\n", "its user does not get there either: " + asked.stderr)
        stranger = subprocess.run(
            [program("netcut-fl"), "exec", f"{home}/door-run", "aggregator", "hostname"], preexec_fn=become(BOB), cwd="/",
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        check("aggregator\n" != stranger.stdout, "another user gets there")
    finally:
        end(run)
    return "its network has no such name; its user is let in, another user is not"


DOOR = """
import os, time
path = os.path.expanduser(os.path.dirname(os.path.abspath(sys.argv[0])) + "/door-name")
while not os.path.exists(path) or not open(path).read(): time.sleep(0.05)
name = open(path).read()
def reach():
    socket.socket(socket.AF_UNIX).connect("\\0" + name)
report(reach)
def of_another_network():
    call(libc.unshare(0x10000000 | 0x40000000))
    reach()
report(of_another_network)
for pid in [one for one in os.listdir("/proc") if one.isdigit()]:
    def of_network_of(pid=pid):
        call(libc.setns(os.open(f"/proc/{pid}/ns/net", os.O_RDONLY), 0x40000000))
        reach()
    report(of_network_of)
print("tried", flush=True)
time.sleep(30)
"""


def read(path):
    try:
        with open(path, errors="surrogateescape") as file:
            return file.read()
    except OSError:
        return ""
