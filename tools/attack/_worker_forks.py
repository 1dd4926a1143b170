"""The forks of the attack on the worker: what each does when it is imported."""

from __future__ import annotations

# Found by the attack in /proc, and never longer alive than this, whatever goes wrong.
SECONDS = 25

_START = f"""
import json, os, signal, socket, subprocess, sys, threading, time
signal.alarm({SECONDS})
HOME, PORT = os.environ["HOME"], int(os.environ["ATTACK_PORT"])
NAMESPACE = os.getpid() < 100 and not os.path.exists("/proc/%s" % os.environ["ATTACK_PID"])

def everywhere(data):
    for descriptor in range(1, 30):
        try:
            os.write(descriptor, data)
        except OSError:
            pass

def attempt(call):
    try:
        return call()
    except BaseException:
        return None

def daemon(run, count=1):
    for _ in range(count):
        if not os.fork():
            os.setsid()
            if os.fork():
                os._exit(0)
            signal.alarm({SECONDS})
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            attempt(run)
            os._exit(0)
        attempt(os.wait)
"""

_UDP = "socket.socket(socket.AF_INET, socket.SOCK_DGRAM)"
_SLEEP = "time.sleep(20)"

KINDS = {
    # What outlives its parent.
    "one daemon": f"daemon(lambda: {_SLEEP})",
    "daemons": f"daemon(lambda: {_SLEEP}, 20)",
    "daemons, then hang": f"daemon(lambda: {_SLEEP}, 5); {_SLEEP}",
    "daemons without environment": """
daemon(lambda: os.execve("/bin/sleep", [os.environ["ATTACK_NAME"], "20"], {}), 3)""",
    "daemons, then exit": f"daemon(lambda: {_SLEEP}, 10); os._exit(0)",
    "a session that another program leads": f"""
subprocess.Popen(["sleep", "20"], start_new_session=True); {_SLEEP}""",
    "respawning": """
def spawn():
    end = time.time() + 15
    while time.time() < end:
        if os.fork():
            os._exit(0)
        os.setsid()
        signal.alarm(15)
daemon(spawn, 4)""",
    "two that watch each other": """
def watch():
    end = time.time() + 15
    while time.time() < end:
        child = os.fork()
        if not child:
            os.setsid(); signal.alarm(15)
            while os.getppid() != 1 and time.time() < end:
                time.sleep(0.001)
            continue
        os.waitpid(child, 0)
daemon(watch)""",
    "a process that holds the pipes": f"""
daemon(lambda: (os.dup2(3, 1), {_SLEEP}), 3); os._exit(1)""",
    "sixty processes": f"""
for _ in range(60):
    if not os.fork():
        signal.alarm({SECONDS}); {_SLEEP}; os._exit(0)""",
    # Ending, and not ending.
    "hang": _SLEEP,
    "hang in C": "sum(range(10 ** 12))",
    "ignored signals": f"""
for number in range(1, 32):
    attempt(lambda: signal.signal(number, signal.SIG_IGN))
signal.signal(signal.SIGALRM, signal.SIG_DFL); {_SLEEP}""",
    "stops itself": "os.kill(os.getpid(), signal.SIGSTOP)",
    "segmentation fault": "import ctypes; ctypes.string_at(0)",
    "abort": "os.abort()",
    "kills itself": "os.kill(os.getpid(), signal.SIGKILL)",
    "exit 0": "os._exit(0)",
    "SystemExit": "raise SystemExit(3)",
    "KeyboardInterrupt": "raise KeyboardInterrupt",
    "endless recursion": "f = lambda: f(); f()",
    "a class that cannot be printed": """
class E(Exception):
    def __str__(self): return 1 / 0
raise E""",
    "an exception of surrogates": r"raise ValueError('\udc80\ud800' * 10)",
    "an exception of a megabyte": "raise ValueError('x' * 1000000)",
    # Its guard and its parents.
    "kills its parent": f"attempt(lambda: os.kill(os.getppid(), 9)); {_SLEEP}",
    "daemons, then kills its parent": f"""
daemon(lambda: {_SLEEP}, 5); attempt(lambda: os.kill(os.getppid(), 9)); {_SLEEP}""",
    "stops its parent": f"attempt(lambda: os.kill(os.getppid(), 19)); {_SLEEP}",
    "kills its group": f"os.kill(0, 9); {_SLEEP}",
    "kills everybody": "os.kill(-1, 9) if NAMESPACE else None",
    "traces its parent": """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
if libc.ptrace(16, os.getppid(), 0, 0) == 0:
    os.waitpid(os.getppid(), 0)
    everywhere(b"TRACED")
attempt(lambda: open("/proc/%d/mem" % os.getppid(), "r+b").write(b"x"))""",
    "a new user namespace": """
import ctypes
ctypes.CDLL(None).unshare(0x10000000 | 0x20000)
os.system("mount -o remount,rw / ; mount -o remount,rw ~ ; umount -l ~ ; umount -l /tmp")
attempt(lambda: open(HOME + "/planted", "w").write("x"))""",
    # Descriptors and floods.
    "closes descriptors": "os.closerange(0, 100)",
    "closes its answers and hangs": f"os.closerange(3, 100); os.close(1); {_SLEEP}",
    "floods stdout": "d = b'x' * 65536\nwhile True: os.write(1, d)",
    "floods stderr": "d = b'x\\n' * 32768\nwhile True: os.write(2, d)",
    "floods its answers": "d = b'x' * 65536\nwhile True: everywhere(d)",
    "floods lines": "d = b'\\nYAMLMOD {\"part\": {}}\\n' * 1000\nwhile True: everywhere(d)",
    "an endless answer": "everywhere(b'\\nYAMLMOD ')\nwhile True: everywhere(b'[' * 65536)",
    "half a line": "everywhere(b'\\nYAMLMOD {\"answer\": '); os._exit(0)",
    "NUL bytes": "everywhere(b'\\n' + b'\\0' * 1000 + b'\\n')",
    "an answer and then hang": f"everywhere(b'\\nYAMLMOD {{}}\\n'); {_SLEEP}",
    "answers from a thread": """
def flood():
    while True:
        everywhere(b'\\nYAMLMOD {"part": {"begun": "x"}}\\n')
threading.Thread(target=flood, daemon=True).start(); time.sleep(0.2)""",
    # The worker's own modules.
    "breaks json": "json.dumps = lambda *a, **k: 'no json'",
    "breaks the worker": """
for name in list(sys.modules):
    if "yamlmod" in name:
        del sys.modules[name]
sys.modules["torch"] = None""",
    "breaks the fence": """
for module in list(sys.modules.values()):
    if hasattr(module, "Fence"):
        module._connection = module._installer = module._raw = lambda *a: ""
s = socket.socket(); attempt(lambda: s.connect(("127.0.0.1", PORT)))""",
    "atexit": f"import atexit; atexit.register(lambda: {_SLEEP})",
    # Files.
    "writes the home": """
for name in (".bashrc", ".ssh/authorized_keys", ".config/autostart/x.desktop", ".local/bin/python"):
    attempt(lambda: os.makedirs(os.path.dirname(os.path.join(HOME, name)), exist_ok=True))
    attempt(lambda: open(os.path.join(HOME, name), "a").write("x"))""",
    "removes the home": "import shutil; shutil.rmtree(HOME, ignore_errors=True)",
    "writes itself": """
here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
attempt(lambda: os.makedirs(here + "/.git/hooks"))
attempt(lambda: open(here + "/.git/hooks/post-checkout", "w").write("x"))
attempt(lambda: open(here + "/models/mini.yaml", "a").write("x"))""",
    "links and modes": """
attempt(lambda: os.symlink("/etc", HOME + "/etc"))
attempt(lambda: os.chmod(HOME, 0o777))
attempt(lambda: os.utime(HOME + "/.bashrc", (1, 1)))
attempt(lambda: os.rename(HOME + "/.bashrc", HOME + "/.profile"))""",
    "another program writes": 'os.system("echo x >> ~/.bashrc; touch ~/planted; rm -rf ~/.ssh")',
    "by way of /proc": """
for place in ("self/root", "1/root", "%d/root" % os.getppid(), "self/cwd/../.."):
    place = "/proc/" + place
    attempt(lambda: open(place + HOME + "/planted", "w").write("x"))""",
    "fills the home": """
attempt(lambda: open(HOME + "/big", "wb").write(b"x" * (32 << 20)))""",
    # The network: the attack's own listener only.
    "TCP": 's = socket.socket(); attempt(lambda: s.connect(("127.0.0.1", PORT)))',
    "TCP by a thread's connect_ex": """
s = socket.socket()
t = threading.Thread(target=lambda: attempt(lambda: s.connect_ex(("127.0.0.1", PORT))))
t.start(); t.join()""",
    "UDP sendto": f'{_UDP}.sendto(b"x", ("127.0.0.1", PORT))',
    "UDP sendmsg": f'{_UDP}.sendmsg([b"x"], [], 0, ("127.0.0.1", PORT))',
    "UDP connect": f's = {_UDP}; attempt(lambda: s.connect(("127.0.0.1", PORT))); s.send(b"x")',
    "UDP over IPv6": """
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.sendto(b"x", ("::ffff:127.0.0.1", PORT))""",
    "a unix socket": """
s = socket.socket(socket.AF_UNIX); attempt(lambda: s.connect(os.environ["ATTACK_SOCKET"]))""",
    "an abstract socket": """
s = socket.socket(socket.AF_UNIX); attempt(lambda: s.connect("\\0" + os.environ["ATTACK_NAME"]))""",
    "another Python": """
subprocess.run([sys.executable, "-S", "-c", "import socket as s, os;"
    "s.socket(s.AF_INET, s.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', %d))" % PORT])""",
    "another Python, TCP": """
subprocess.run([sys.executable, "-S", "-c",
    "import socket; socket.create_connection(('127.0.0.1', %d), 1)" % PORT])""",
    "bash": 'subprocess.run(["bash", "-c", "echo x > /dev/tcp/127.0.0.1/%d" % PORT])',
    "bash by a file": """
open("/tmp/attack-%d.sh" % os.getpid(), "w").write("echo x > /dev/udp/127.0.0.1/%d" % PORT)
subprocess.run(["bash", "/tmp/attack-%d.sh" % os.getpid()])""",
    "ctypes": """
import ctypes, struct
libc = ctypes.CDLL(None)
s = libc.socket(2, 2, 0)
address = struct.pack("=H", 2) + struct.pack("!H", PORT) + socket.inet_aton("127.0.0.1") + bytes(8)
libc.sendto(s, b"x", 1, 0, address, 16)""",
}
# What no hook of Python can see: only a network of its own keeps these in.
UNSEEN = {"another Python", "another Python, TCP", "bash by a file", "ctypes", "breaks the fence",
          "a unix socket", "an abstract socket"}  # fmt: skip


def code(kind: str) -> str:
    """Return the Python of a kind."""
    return _START + KINDS[kind]


TORCH = '''
"""Stands where torch would: what a fork's own import of it runs."""
import os
__version__ = "2.13.0"
def save(*a, **k): pass
def load(*a, **k): pass
def manual_seed(seed): pass
_planted = os.environ.get("ATTACK_TORCH")
if _planted:
    exec(compile(open(_planted).read(), _planted, "exec"))
'''
YOLO = """
import models.planted
def parse_model(d, ch):
    layers, save, c2 = [], [], ch[-1]
    for i, (f, n, m, args) in enumerate(d["backbone"] + d["head"]):
        m = eval(m) if isinstance(m, str) else m
        if m in {Conv, C3}:
            c1, c2 = ch[f], args[0]
            args = [c1, c2, *args[1:]]
        elif m is Concat:
            c2 = sum(ch[x] for x in f)
        elif m is Detect:
            args.append([ch[x] for x in f])
        else:
            c2 = ch[f]
        layers.append(m(*args))
    return layers, save
class Model:
    pass
"""
