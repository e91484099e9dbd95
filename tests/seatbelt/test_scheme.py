import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbdiag.errors import ProfileError, ProfileLimitError, SbdiagError
from sbdiag.seatbelt.machine import Limits
from sbdiag.seatbelt.rules import Filter, IoCommand, Modifier, Rule, Symbol
from sbdiag.seatbelt.scheme import Evaluated, evaluate

HEAD = "(version 1)"


def run(text, **options) -> Evaluated:
    return evaluate(HEAD + text, path="p.sb", **options)


def literals(text, **options):
    """What stands in the literal filters of the rules."""
    found = [f for rule in run(text, **options).rules for f in rule.filters]
    return [argument for f in found for argument in f.arguments]


def value_of(expression):
    """Evaluate an expression to text, by way of a rule."""
    [rule] = run(f'(allow file-read* (literal (string-append "" {expression})))').rules
    return rule.filters[0].arguments[0]


def test_rules_in_order_with_their_places():
    text = (
        "(version 1)\n"
        "(deny default (with no-log))\n"
        "(allow file-read* file-write*\n"
        '  (subpath "/a" "/b")\n'
        '  (regex #"^/c\\.d")\n'
        '  (require-all (require-not (literal "/e")) (vnode-type DIRECTORY)))\n'
    )
    evaluated = evaluate(text, path="p.sb")
    assert evaluated == Evaluated(
        1,
        (
            Rule("deny", ("default",), (), (Modifier("no-log"),)),
            Rule(
                "allow",
                ("file-read*", "file-write*"),
                (
                    Filter("subpath", ("/a", "/b")),
                    Filter("regex", ("^/c\\.d",)),
                    Filter(
                        "require-all",
                        (
                            Filter("require-not", (Filter("literal", ("/e",)),)),
                            Filter("vnode-type", (Symbol("DIRECTORY"),)),
                        ),
                    ),
                ),
            ),
        ),
    )
    assert [str(rule.location) for rule in evaluated.rules] == ["p.sb:2:1", "p.sb:3:1"]


@pytest.mark.parametrize(
    ("filter_", "expected"),
    [
        ("(target self)", Filter("target", (Symbol("self"),))),
        ('(remote ip "*:443")', Filter("remote", (Symbol("ip"), "*:443"))),
        (
            '(remote tcp "*:80" "localhost:*")',
            Filter("remote", (Symbol("tcp"), "*:80", "localhost:*")),
        ),
        ("(local udp)", Filter("local", (Symbol("udp"),))),
        ("(to unix-socket)", Filter("to", (Symbol("unix-socket"),))),
        (
            '(remote unix-socket (path-literal "/s"))',
            Filter("remote", (Symbol("unix-socket"), Filter("path-literal", ("/s",)))),
        ),
        ('(ioctl-command (_IO "t" 21))', Filter("ioctl-command", (IoCommand("t", 21),))),
        ("(file-mode #o0004)", Filter("file-mode", (4,))),
        ("(socket-protocol 6)", Filter("socket-protocol", (6,))),
        ('(extension "a" "b")', Filter("extension", ("a", "b"))),
        ("(tty)", Filter("tty")),
        ("(container)", Filter("extension", ("com.apple.sandbox.container",))),
        ('(entitlement-value "x")', Filter("%entitlement-string", ("x",))),
        ("(entitlement-value #t)", Filter("%entitlement-boolean", (True,))),
        ('(require-entitlement "e")', Filter("require-entitlement", ("e",))),
        (
            '(require-entitlement "e" (entitlement-value "v"))',
            Filter("require-entitlement", ("e", Filter("%entitlement-string", ("v",)))),
        ),
        (
            '(path-ancestors "/a/b/c")',
            Filter("require-any", tuple(Filter("literal", (p,)) for p in ("/", "/a", "/a/b"))),
        ),
        (
            '(path-ancestors "/a/" "${HOME}/b")',
            Filter("require-any", tuple(Filter("literal", (p,)) for p in ("/", "${HOME}"))),
        ),
    ],
)
def test_filters(filter_, expected):
    [rule] = run(f"(allow default {filter_})").rules
    assert rule.filters == (expected,)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('(if #f "a" "b")', "b"),
        ('(if \'() "true" "false")', "true"),
        ('(cond (#f "a") ((= 1 1) "b") (else "c"))', "b"),
        ('(cond (#f "a") (else "c"))', "c"),
        ('(cond ((assoc "k" \'(("k" . "v"))) => cdr) (else "c"))', "v"),
        ('(case 3 ((1 2) "a") ((3) "b") (else "c"))', "b"),
        ('(case \'x ((1 y) "a") (else "c"))', "c"),
        ('(or #f "x")', "x"),
        ('(and "y" "x")', "x"),
        ('(begin "y" "x")', "x"),
        ('(let ((a "1") (b "2")) (string-append b a))', "21"),
        ('(let* ((a "1") (b (string-append a "2"))) b)', "12"),
        ('(let* ((f (lambda (n) (if (= n 0) "z" (f (- n 1)))))) (f 9))', "z"),
        (
            '(letrec ((even (lambda (n) (if (= n 0) "even" (odd (- n 1)))))'
            ' (odd (lambda (n) (if (= n 0) "odd" (even (- n 1)))))) (even 101))',
            "odd",
        ),
        ('(let loop ((i 0) (s "")) (if (< i 3) (loop (+ i 1) (string-append s "x")) s))', "xxx"),
        ('(do ((i 0 (+ i 1)) (s "" (string-append s "y"))) ((= i 2) s))', "yy"),
        ('((lambda (a . rest) (string-append a (car rest))) "1" "2")', "12"),
        ('((lambda args (apply string-append args)) "1" "2")', "12"),
        ('(apply string-append "a" \'("b" "c"))', "abc"),
        (
            '(apply string-append (map (lambda (a b) (string-append a b)) \'("a" "b")'
            ' \'("1" "2")))',
            "a1b2",
        ),
        ('(apply string-append (filter string? \'(1 "a" b "c")))', "ac"),
        ('(apply string-append (car (partition string? \'(1 "a" b "c"))))', "ac"),
        ('(foldr (lambda (so-far s) (string-append s so-far)) "" \'("a" "b"))', "ba"),
        ('(apply string-append (flatten \'("a" ("b" ("c")))))', "cba"),
        ('(apply string-append (reverse \'("a" "b")))', "ba"),
        ('(apply string-append (append \'("a") \'() \'("b" "c")))', "abc"),
        ('(cadr \'("a" "b"))', "b"),
        ('(caar \'(("a") "b"))', "a"),
        ('(list-ref \'("a" "b") 1)', "b"),
        ('(car (list-tail \'("a" "b") 1))', "b"),
        ('(car (member "b" \'("a" "b")))', "b"),
        ("(cdr (assq 'k '((k . \"v\"))))", "v"),
        ('(substring "abcdef" 2)', "cdef"),
        ('(substring "abcdef" 2 4)', "cd"),
        ('(number->string (string-length "abc"))', "3"),
        ("(number->string (+ 1 2 (* 3 4) (- 10 5) (quotient 7 2) (remainder -7 2)))", "22"),
        ("(number->string (/ 7 2))", "3.5"),
        ('(number->string (string->number "1015"))', "1015"),
        ('(number->string (string->number "ff" 16))', "255"),
        ("(number->string 255 16)", "ff"),
        ('(list->string (reverse (string->list "abc")))', "cba"),
        ("(symbol->string 'abc)", "abc"),
        ('(string (string-ref "abc" 1))', "b"),
        ('(regex-quote "^/a.b(c)|[d]*+?{$\\\\")', "\\^/a\\.b\\(c\\)\\|\\[d]\\*\\+\\?\\{\\$\\\\"),
        ('(if (equal? \'(1 (2 "x")) \'(1 (2 "x"))) "same" "other")', "same"),
        ('(if (eq? "xy" "xy") "same" "other")', "other"),
        ('(if (char=? #\\a (string-ref "abc" 0)) "same" "other")', "same"),
        ('(if (string<? "a" "b") "rising" "other")', "rising"),
        ('(if (defined? \'file-read*) "yes" "no")', "yes"),
        ('(if (defined? \'no-such-name) "yes" "no")', "no"),
        ('(eval \'(string-append "a" "b"))', "ab"),
        ('(car `(,(string-append "a" "b") c))', "ab"),
        ('(apply string-append `("a" ,@(list "b" "c") "d"))', "abcd"),
        ("(number->string (cadr (cadr (cadr (cadr (cadr `(1 `(2 ,(3 ,(car '(4)))))))))))", "4"),
        ('(let ((x "1")) (set! x "2") x)', "2"),
        ('(begin (define (f) (define inner "in") inner) (f))', "in"),
        ('(begin (define x "first" "second") x)', "first"),
    ],
)
def test_expressions(expression, expected):
    assert value_of(expression) == expected


PROGRAMS = {
    "helpers that take the action": (
        """
        (define (home-subpath relative) (subpath (string-append (param "HOME") relative)))
        (define (grant op filter) (op file-read* filter) (op file-issue-extension
          (require-all (extension-class "com.apple.app-sandbox.read") filter)))
        (grant allow (home-subpath "/Documents"))
        """,
        ["/Users/you/Documents", "extension-class", "/Users/you/Documents"],
    ),
    "params that choose rules": (
        """
        (define (param-true? name) (string=? (param name) "TRUE"))
        (define (param-defined? name) (string? (param name)))
        (define os-version (string->number (param "OS_VERSION")))
        (if (param-true? "LOGGING") (allow file-read* (literal "/log")))
        (when (>= os-version 1300) (allow file-read* (literal "/new")))
        (unless (param-defined? "ABSENT") (allow file-read* (literal "/absent")))
        """,
        ["/log", "/new", "/absent"],
    ),
    "macro and define-macro": (
        """
        (macro (reading form) `(allow file-read* ,@(cdr form)))
        (define-macro (both . paths) `(begin ,@(map (lambda (p) `(reading (literal ,p))) paths)))
        (both "/a" "/b")
        (define-macro twice (lambda (form) `(begin ,form ,form)))
        (twice (reading (literal "/c")))
        """,
        ["/a", "/b", "/c", "/c"],
    ),
    "names bound anew": (
        """
        (define resolving literal)
        (let ((literal (lambda (p) (resolving (string-append "/root" p)))))
          (allow file-read* (literal "/a")))
        (define (when . ignored) (allow file-read* (literal "/mine")))
        (when #f)
        """,
        ["/root/a", "/mine"],
    ),
    "a string taken apart": (
        """
        (define (split separator text)
          (let loop ((rest (reverse (string->list text))) (word '()) (words '()))
            (cond ((null? rest) (cons (list->string word) words))
                  ((char=? (car rest) separator)
                   (loop (cdr rest) '() (cons (list->string word) words)))
                  (else (loop (cdr rest) (cons (car rest) word) words)))))
        (allow file-read* (apply literal (split #\\: "/a:/b:/c")))
        """,
        ["/a", "/b", "/c"],
    ),
    "a wrapped name with its old value": (
        """
        (let ((original literal))
          (set! literal (lambda paths (apply original (map (lambda (p) (string-append p "!"))
                                                           paths)))))
        (allow file-read* (literal "/a" "/b"))
        """,
        ["/a!", "/b!"],
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs(name):
    text, expected = PROGRAMS[name]
    params = {"HOME": "/Users/you", "LOGGING": "TRUE", "OS_VERSION": "1500"}
    found = literals(text, params=params)
    flat = [a for f in found for a in (_words(f) if isinstance(f, Filter) else [f])]
    assert flat == expected


def _words(filter_):
    if filter_.name == "extension-class":
        return [filter_.name]
    return list(filter_.arguments)


def test_with_filter_modifier_and_operations():
    rules = run(
        """
        (with-filter (require-entitlement "e")
          (allow mach-lookup (global-name "a") (global-name "b"))
          (deny signal)
          (with-modifier (with message "m") (deny sysctl*)))
        (with-operations (list file-read* file-write*) (allow file-ioctl (literal "/x")))
        (allow mach-lookup)
        """
    ).rules
    extra = Filter("require-entitlement", ("e",))
    names = Filter("require-any", (Filter("global-name", ("a",)), Filter("global-name", ("b",))))
    assert rules == (
        Rule("allow", ("mach-lookup",), (Filter("require-all", (names, extra)),)),
        Rule("deny", ("signal",), (extra,)),
        Rule("deny", ("sysctl*",), (extra,), (Modifier("message", "m"),)),
        Rule("allow", ("file-read*", "file-write*", "file-ioctl"), (Filter("literal", ("/x",)),)),
        Rule("allow", ("mach-lookup",)),
    )


def test_modifiers():
    [rule] = run("(deny file-read* (with send-signal SIGKILL) (with errno 13))").rules
    assert rule.modifiers == (Modifier("send-signal", Symbol("SIGKILL")), Modifier("errno", 13))


def test_message_filters_are_left_out():
    evaluated = run(
        "(allow mach-bootstrap (apply-message-filter (deny mach-message-send)))(allow signal)"
    )
    assert [rule.operations for rule in evaluated.rules] == [("mach-bootstrap",), ("signal",)]
    assert evaluated.rules[0].modifiers == (Modifier("message-filter"),)
    assert any("entitlement" in warning for warning in evaluated.warnings)


def test_rules_of_a_helper_have_the_place_of_the_call_of_allow():
    evaluated = run('\n(define (f p)\n  (allow file-read* (literal p)))\n(f "/a")')
    assert str(evaluated.rules[0].location) == "p.sb:3:3"


@pytest.mark.parametrize("version", [1, 2, 3])
def test_versions(version):
    text = f"(version {version})(version {version})(allow process-exec)"
    assert evaluate(text).version == version


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no version specified"),
        ("; nothing", "no version specified"),
        ("(allow default)", "unbound variable: allow; no version specified"),
        ("(version 4)", "unsupported version 4"),
        ("(version 1.0)", "unsupported version 1.0"),
        ("(version #t)", "unsupported version #t"),
        ('(version "1")', 'unsupported version "1"'),
        ("(version 1)(version 2)", "only one version"),
        ("(version 3)(allow ipc-posix-shm)", "unbound variable: ipc-posix-shm"),
    ],
)
def test_version_errors(text, message):
    with pytest.raises(ProfileError) as error:
        evaluate(text, path="p.sb")
    assert message in str(error.value)
    assert "p.sb:1" in str(error.value)


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ("(allow file-read)", "unbound variable: file-read; did you mean file-read*?", "1:19"),
        ('(allow file-read* (litteral "/"))', "did you mean literal?", "1:31"),
        ("(allow signal (target slef))", "unbound variable: slef; did you mean self?", "1:34"),
        ("(allow forbidden-exec-sugid)", "unbound variable: forbidden-exec-sugid", "1:19"),
        (
            '(allow file-read* (subpath (param "X")))',
            "invalid data type of path filter; expected pattern, got boolean",
            "1:30",
        ),
        ("(allow mach-lookup (global-name 1))", "expected pattern, got integer", "1:31"),
        ('(allow signal (target "self"))', "target filter; expected integer, got string", "1:26"),
        ("(allow file-read* (extension 'x))", "expected string, got symbol", "1:30"),
        ("(allow file-read* (literal))", "not enough arguments to literal", "1:30"),
        ('(allow network* (remote ip "10.0.0.1:80"))', "host must be * or localhost", "1:28"),
        ('(allow network* (remote ip "*:0"))', "port must be", "1:28"),
        ('(allow network* (remote ip "*:70000"))', "port must be", "1:28"),
        ("(allow network* (remote ipx))", "unbound variable: ipx", "1:36"),
        ("(allow network* (remote))", "not enough arguments to remote", "1:28"),
        ('(allow file-read* (regex "a^b"))', "regex", "1:30"),
        ("(allow file-read* (require-not))", "takes one filter, got 0", "1:30"),
        ('(allow file-read* (require-any "/a"))', "must be: filter, got string", "1:30"),
        ("(allow file-read* #f)", "must be: operation, filter or modifier, got boolean", "1:12"),
        ('(allow (literal "/a"))', "no operation is named", "1:12"),
        ("(allow)", "no operation is named", "1:12"),
        ("(deny file-read* (with report))", "modifier report does not apply to deny", "1:12"),
        ("(allow file-read* (with no-log))", "modifier no-log does not apply to allow", "1:12"),
        ("(allow signal (with nope))", "unbound variable: nope", "1:32"),
        ("(allow signal (with grant 1))", "too many arguments to modifier grant", "1:26"),
        ("(allow signal (with message))", "not enough arguments to modifier message", "1:26"),
        ("(allow signal (with message 1))", "expected string, got integer", "1:26"),
        ("(deny signal (with 5))", "5 is no modifier", "1:25"),
        ('(string-append "a" (param "X"))', "string-append: argument 2 must be: string", "1:12"),
        ("(car '())", "car: argument 1 must be: pair", "1:12"),
        ('(substring "abc" 2 9)', "substring: out of bounds", "1:12"),
        ("(/ 1 0)", "division by zero", "1:12"),
        ("(* 4611686018427387904 2)", "integer overflow", "1:12"),
        ('("f" 1)', 'illegal function: "f"', "1:12"),
        ("((lambda (x) x))", "not enough arguments to lambda", "1:12"),
        ("((lambda (x) x) 1 2)", "too many arguments to lambda", "1:12"),
        ("(set! nope 1)", "unbound variable: nope", "1:12"),
        ("(let ((x)) x)", "bad syntax of binding (x)", "1:12"),
        ("(let x)", "syntax error in (let x)", "1:12"),
        ("(if)", "syntax error in (if)", "1:12"),
        ("(define 5 1)", "a name is due, got integer 5", "1:12"),
        ("(quote . x)", "syntax error", "1:12"),
        ("(list . 5)", "the operands are no list", "1:12"),
        ("(cond 5)", "bad clause 5", "1:12"),
        ('(error "stop:" 5 "x")', "stop: 5 x", "1:12"),
        ('(import "no.sb")', 'unable to open "no.sb"', "1:12"),
        ("(trace 5)", "argument to trace must be a string", "1:12"),
        ('(trace "a")(trace "b")', "only one trace path", "1:23"),
        ('(path-ancestors "a")', "path must start with a /", "1:12"),
        ("(param 'x)", "param: argument 1 must be: string, got symbol", "1:12"),
    ],
)
def test_what_seatbelt_refuses(text, message, place):
    with pytest.raises(ProfileError) as error:
        run(text)
    assert message in str(error.value)
    assert str(error.value).endswith(f"(p.sb:{place})")


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        ('(allow mach-lookup (literal "/x"))', "literal does not apply to operation mach-lookup"),
        ("(allow syscall-unix (syscall-number SYS_of_tomorrow))", "not among the words"),
        ("(if #t 1 2 3)", "more than two branches"),
        ("(define x 1 2)", "more than one value"),
        ("(let ((x 1 2)) x)", "more than one value"),
        ('(allow network* (local tcp "/tmp/fd-*"))', "has no port"),
        ("#| x |#", "comments"),
    ],
)
def test_what_seatbelt_accepts_with_a_warning(text, warning):
    [found] = run(text).warnings
    assert warning in found
    assert "p.sb:1:" in found


def test_directives_without_effect():
    text = '(debug deny)(debug all nonsense)(trace "/tmp/t.sb")(disable-callouts)(display "x")'
    assert run(text) == Evaluated(1, ())


def test_operation_names_stay_as_written():
    evaluated = run("(allow process-exec mach-per-user-lookup sysctl-write)")
    assert evaluated.rules[0].operations == ("process-exec", "mach-per-user-lookup", "sysctl-write")


# Imports


@pytest.fixture
def profiles(tmp_path):
    (tmp_path / "base.sb").write_text(
        '(define (system-thing) (allow file-read* (literal "/system")))\n'
        '(unless *import-path* (allow file-read* (literal "/not-imported")))\n'
        "(allow signal)\n"
    )
    (tmp_path / "bad.sb").write_text("\n  (allow nope)")
    (tmp_path / "loop.sb").write_text('(import "loop.sb")')
    return tmp_path


def test_import_appends_in_place(profiles):
    text = '(deny default)(import "base.sb")(system-thing)(allow sysctl*)'
    rules = run(text, import_path=[profiles]).rules
    assert [rule.operations[0] for rule in rules] == ["default", "signal", "file-read*", "sysctl*"]
    assert rules[1].location.path == str(profiles / "base.sb")


def test_import_dir_and_absolute_names(profiles):
    params = {"IMPORT_DIR": str(profiles)}
    assert len(run('(import "base.sb")', params=params).rules) == 1
    assert len(run(f'(import "{profiles}/base.sb")').rules) == 1
    standard = '(import "/System/Library/Sandbox/Profiles/base.sb")'
    assert len(run(standard, import_path=[profiles]).rules) == 1


def test_import_errors(profiles):
    with pytest.raises(ProfileError, match=r"unbound variable: nope.*bad.sb:2:10"):
        run('(import "bad.sb")', import_path=[profiles])
    with pytest.raises(ProfileLimitError, match="imports nested deeper"):
        run('(import "loop.sb")', import_path=[profiles])
    for name in ("", ".", "../", "/dev/zero", "a\\x00b", "x" * 5000):
        with pytest.raises(ProfileError, match="unable to open"):
            run(f'(import "{name}")', import_path=[profiles])


def test_missing_import_as_unknown():
    evaluated = run(
        """
        (import "system.sb")
        (import "system.sb")
        (system-network)
        (allow file-read* (home-subpath "/Library") (literal "/a"))
        (allow file-read* (subpath some-path))
        (allow file-read* (require-all (home-literal "/x") (vnode-type DIRECTORY)))
        """,
        missing_import="unknown",
    )
    assert evaluated.unknown_imports == ("system.sb",)
    assert [rule.filters[0] for rule in evaluated.rules] == [
        Filter("home-subpath", ("/Library",)),
        Filter("%unknown", ("(subpath some-path)",)),
        Filter(
            "require-all",
            (Filter("home-literal", ("/x",)), Filter("vnode-type", (Symbol("DIRECTORY"),))),
        ),
    ]
    assert evaluated.warnings == (
        "left out, a missing import defines it: (system-network) (p.sb:4:9)",
    )


def test_a_choice_that_depends_on_a_missing_import_is_an_error():
    with pytest.raises(ProfileError, match="depends on some-flag"):
        run('(import "x.sb")(if some-flag (allow signal))', missing_import="unknown")


# Limits


@pytest.mark.parametrize(
    "text",
    [
        "(let loop () (loop))",
        "(define (f) (f)) (f)",
        "(define (f) (+ 1 (f))) (f)",
        "(define (f n) (cons n (f (+ n 1)))) (f 0)",
        "(let loop ((l '())) (loop (list l)))",
        '(let loop ((s "x")) (loop (string-append s s)))',
        '(let loop ((s (make-string 1000000))) (string-append s "") (loop s))',
        "(let loop ((l '(1 2))) (loop (append l l)))",
        "(let loop ((l '(1 2))) (loop (cons l l)))",
        "(let loop ((n 0) (l '(x))) (if (< n 60) (loop (+ n 1) (cons l l))"
        " (equal? l (let loop ((n 0) (l '(x))) (if (< n 60) (loop (+ n 1) (cons l l)) l)))))",
        "(let loop ((n 0) (l '(x))) (if (< n 60) (loop (+ n 1) (cons l l)) (flatten l)))",
        "(let loop () (allow signal) (loop))",
        '(let loop ((f (literal "/a"))) (loop (require-all f f)))',
        '(let loop ((f (literal "/a"))) (loop (require-not f)))',
        '(let loop ((f (literal "/a")) (n 0))'
        " (if (< n 30) (loop (require-all f f) (+ n 1)) (allow file-read* f)))",
        '(let loop () (allow file-read* (apply literal (map (lambda (x) "/a")'
        " (string->list (make-string 1000))))) (loop))",
        "(macro (m form) form) (m)",
        "(macro (m form) `(begin ,form ,form)) (m)",
        "(let loop ((e 1)) (eval e) (loop (list 'begin e e)))",
        '(define (f) (with-filter (literal "/a") (f))) (f)',
        "(define x (quote y)) (let loop ((n 0)) (set! x (list 'quasiquote x)) (loop (+ n 1)))",
        "(let loop () (map (lambda (x) (loop)) '(1)))",
        "(let loop () (apply loop '()))",
        '(define-macro (w n) `(with-modifier (with message "m") (w ,n))) (w 1)',
    ],
)
def test_programs_without_end_are_stopped(text):
    started = time.process_time()
    with pytest.raises(ProfileLimitError):
        run(text, limits=Limits(steps=30_000, depth=4_000))
    assert time.process_time() - started < 60


def test_deep_structures_end_in_values_or_errors():
    depth = "(let loop ((n 0) (l '())) (if (< n 6000) (loop (+ n 1) (list l)) {}))"
    for use in ("(equal? l l)", "(car l)", "(flatten l)", "(list? l)"):
        run(depth.format(use))
    for use in ("(eval l)", "(allow l)", "(error l)", "(l)", "(string-append l)"):
        with pytest.raises(ProfileError):
            run(depth.format(use))


def test_tail_calls_take_no_room():
    text = "(define (f n) (cond ((= n 0) (allow signal)) (else (begin (f (- n 1)))))) (f 5000)"
    assert len(run(text, limits=Limits(depth=50)).rules) == 1


def test_nested_wrappers_do_not_pile_up():
    text = (
        "(define (f n) (if (= n 0) (allow signal)"
        ' (with-modifier (with message "m") (f (- n 1))))) (f 1200)'
    )
    assert len(run(text).rules[0].modifiers) == 1200


WORDS = (
    "define lambda let let* letrec if cond else => case and or begin set! do when unless quote "
    "quasiquote unquote unquote-splicing macro define-macro allow deny with with-filter "
    "with-modifier with-operations apply-message-filter require-all require-any require-not "
    "literal subpath regex global-name target self remote ip tcp unix-socket file-read* default "
    "mach-lookup network-outbound signal report no-log message send-signal SIGKILL map for-each "
    "apply filter partition foldr list cons car cdr append reverse length string-append substring "
    "string->list list->string string->number number->string + - * / = < quotient equal? memq "
    "assoc eval error defined? param import version debug trace path-ancestors _IO "
    "require-entitlement entitlement-value vnode-type file-mode flatten x y f"
)
words = st.sampled_from(WORDS.split())
atoms = st.one_of(
    words,
    words,
    st.integers(-5, 300).map(str),
    st.sampled_from(['"/a"', '"a^b"', '"*:80"', '""', '#"\\."', "#t", "#f", "'x", "()", "#\\a"]),
)
forms = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.lists(inner, max_size=5).map(lambda parts: f"({' '.join(parts)})"),
        st.tuples(inner, inner).map(lambda parts: f"({parts[0]} . {parts[1]})"),
        st.tuples(st.sampled_from(["'", "`", ",", ",@"]), inner).map("".join),
    ),
    max_leaves=25,
)


@settings(max_examples=200, deadline=None)
@given(st.lists(forms, max_size=5), st.sampled_from(["error", "unknown"]))
def test_any_program_ends_in_rules_or_our_errors(program, missing):
    text = "\n".join([HEAD, *program])
    try:
        evaluated = evaluate(text, missing_import=missing, limits=Limits(steps=5_000))
    except SbdiagError as error:
        assert isinstance(error, ProfileError)  # noqa: PT017
        assert error.location is not None  # noqa: PT017
    else:
        assert evaluated.version == 1
