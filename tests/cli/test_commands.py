"""The command line: what each command prints, and the exit code it leaves with."""

from __future__ import annotations

import json

import numpy as np
import pytest

from optgen.cli.group import COMMANDS, invoke

METHOD = """\
algorithm descent(f)
  "Gradient descent."
  param lr = 0.1 in (0, inf)
  state x : space(f)
  step
    x' = x - lr*grad f(x)
  record loss = f(x)
  stop when norm(grad f(x)) <= tol
problem least_squares
  data A : R[m, n], b : R[m]
  var x : R[n]
  minimize sqnorm(A @ x - b)/2
"""


@pytest.fixture
def spec(tmp_path):
    path = tmp_path / "method.opt"
    path.write_text(METHOD)
    return path


def called(capsys, *words) -> tuple[int, str, str]:
    code = invoke([str(word) for word in words])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_help_names_every_command(capsys):
    code, out, _ = called(capsys, "--help")
    assert code == 0
    assert all(name in out for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself_with_an_example(capsys, name):
    code, out, _ = called(capsys, name, "--help")
    assert code == 0 and "Example" in out


def test_an_unknown_command_is_answered_with_the_nearest(capsys):
    code, _, err = called(capsys, "chek")
    assert code == 2 and "did you mean check?" in err


def test_check_is_silent_success_or_every_error(capsys, spec):
    assert called(capsys, "check", spec)[:2] == (0, f"{spec}: no errors\n")
    spec.write_text(METHOD.replace("lr*grad f(x)", "lrr*grad f(x)").replace("A @ x - b", "A @ x - c"))
    code, out, err = called(capsys, "check", spec)
    assert (code, out) == (1, "")
    assert "lrr" in err and "did you mean lr?" in err and err.endswith("2 errors\n")


def test_check_prints_json_on_request(capsys, spec):
    spec.write_text(METHOD.replace("lr*grad", "lrr*grad"))
    code, out, err = called(capsys, "check", "--json", spec)
    assert (code, err) == (1, "")
    assert [entry["code"][:3] for entry in json.loads(out)] == ["E02"]


def test_a_missing_file_is_wrong_use(capsys):
    assert called(capsys, "check", "missing.opt")[0] == 2


def test_new_writes_a_spec_that_checks(capsys, tmp_path):
    path = tmp_path / "mine.opt"
    assert called(capsys, "new", "mine", "-o", path)[0] == 0
    assert called(capsys, "check", path)[0] == 0
    assert called(capsys, "new", "mine", "-o", path)[0] == 1
    assert called(capsys, "new", "3d", "-o", tmp_path / "other.opt")[0] == 2


def test_fmt_changes_a_file_once(capsys, spec):
    spec.write_text(METHOD.replace("lr*grad f(x)", "lr  *  grad f( x )"))
    assert called(capsys, "fmt", "--check", spec)[0] == 1
    assert called(capsys, "fmt", spec)[:2] == (0, f"{spec}: formatted\n")
    assert called(capsys, "fmt", "--check", spec)[0] == 0


def test_list_names_the_shipped_specs(capsys):
    code, out, _ = called(capsys, "list", "--json")
    assert code == 0
    assert {"kind": "problem", "name": "logistic"}.items() <= next(
        r for r in json.loads(out) if r["name"] == "logistic"
    ).items()


def test_compile_writes_a_source_file_that_needs_nothing_of_optgen(capsys, spec, tmp_path):
    code, out, _ = called(capsys, "compile", spec, "--problem", "least_squares", "--backend", "numpy", "-o", tmp_path)
    text = (tmp_path / "method_least_squares_numpy.py").read_text()
    assert code == 0 and out.endswith(f"{len(text.splitlines())} lines\n")
    assert "import optgen" not in text and "def advance" in text


def test_run_solves_with_data_from_files(capsys, spec, tmp_path):
    rng = np.random.default_rng(0)
    A = np.linalg.qr(rng.normal(size=(6, 3)))[0]
    np.save(tmp_path / "A.npy", A)
    np.savetxt(tmp_path / "b.csv", A @ [1.0, 2.0, 3.0], delimiter=",")
    data = ("--data", f"A={tmp_path / 'A.npy'}", "--data", f"b={tmp_path / 'b.csv'}", "--backend", "numpy")
    saved = tmp_path / "out.npz"
    code, out, _ = called(capsys, "run", spec, *data, "--set", "lr=0.5", "--save", saved)
    assert code == 0 and out.startswith("descent: converged")
    with np.load(saved) as file:
        np.testing.assert_allclose(file["state.x"], [1, 2, 3], rtol=1e-5)
    assert called(capsys, "run", spec, *data, "--steps", "3")[1].startswith("descent: max_steps after 3 steps")
    assert called(capsys, "run", spec, *data, "--set", "lr=3", "--steps", "10000")[0] == 3


def test_run_reports_wrong_inputs_as_messages(capsys, spec, tmp_path):
    np.save(tmp_path / "A.npy", np.eye(3))
    code, out, err = called(
        capsys, "run", spec, "--data", f"A={tmp_path / 'A.npy'}", "--set", "lr=-1", "--backend", "numpy"
    )
    assert (code, out) == (1, "")
    assert "b is not given" in err and "lr is -1.0" in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--set", "lr"), "not of the form name=value"),
        (("--set", "lr=fast"), "is not a number"),
        (("--data", "A=missing.npy"), "there is no file missing.npy"),
    ],
)
def test_run_refuses_words_it_cannot_read(capsys, spec, words, said):
    code, _, err = called(capsys, "run", spec, *words)
    assert code == 2 and said in " ".join(err.split())


def test_run_does_what_the_experiment_says(capsys, tmp_path):
    path = tmp_path / "trial.opt"
    path.write_text(
        'experiment trial\n  "On real data."\n'
        "  data A, y = dataset breast_cancer (standardized, labels -1 1)\n"
        "  problem logistic(A, y, reg = 1/100)\n"
        "  run adabelief(lr = 1e-2, steps = 5), slow = adabelief(lr = 1e-4, steps = 4)\n"
        "  plot loss against step, log y\n"
    )
    picture = tmp_path / "loss.svg"
    code, out, _ = called(capsys, "run", path, "--backend", "numpy", "--plot", picture)
    assert code == 0
    assert out.startswith("adabelief: max_steps after 5 steps") and "slow = adabelief: max_steps after 4 steps" in out
    assert picture.read_text().lstrip().startswith("<?xml")


def test_an_experiment_is_read_as_a_plan():
    import optgen
    from optgen.experiments import Plot, experiments, read

    text = (
        "experiment trial\n  dim n = 4\n  problem logistic(reg = 2^-3)\n"
        "  run adam(lr = k -> 1/(10 + k), steps = 2*n)\n  plot loss against step, log x, log y\n"
    )
    plan = read(experiments(optgen.parse(text).file)["trial"])
    assert plan.keywords == {"reg": 0.125} and plan.plots == (Plot("loss", ("log x", "log y")),)
    (run,) = plan.runs
    assert run.inputs["steps"] == 8 and run.inputs["lr"](10) == 0.05


def test_what_experiments_cannot_do_yet_is_refused_with_its_place(capsys, tmp_path):
    path = tmp_path / "trial.opt"
    path.write_text("experiment trial\n  draw A : R[3, 3] ~ normal from numpy(0)\n  run adam()\n")
    code, _, err = called(capsys, "run", path, "--backend", "numpy")
    assert code == 1 and "planned" in err and f"{path}:2" in err


def test_an_unknown_data_set_is_said_with_its_place(capsys, tmp_path):
    path = tmp_path / "trial.opt"
    path.write_text("experiment trial\n  data A, y = dataset breast_cancr\n  problem logistic(A, y)\n  run adam()\n")
    code, _, err = called(capsys, "run", path, "--backend", "numpy")
    assert code == 1 and "did you mean breast_cancer?" in err and f"{path}:2" in err


def test_explain_counts_the_vector_loops(capsys, spec):
    code, out, _ = called(capsys, "explain", spec, "--problem", "least_squares", "--only", "vector loops (llvm)")
    counts = dict(line.split(": ") for line in out.splitlines()[1:] if line)
    assert code == 0 and int(counts["advance_0"]) > 0
    assert int(counts.pop("in all")) == sum(map(int, counts.values()))


@pytest.mark.parametrize(
    ("command", "extra", "code"), [("search", "search", 1), ("function", "functions", 1), ("verify", "proof", 3)]
)
def test_a_package_that_is_not_installed_is_named_with_the_extra_that_has_it(command, extra, code, monkeypatch, capsys):
    def missing(**_):
        raise ModuleNotFoundError("No module named 'numba.core'", name="numba.core")

    monkeypatch.setattr(f"optgen.cli.{command}_command.command.callback", missing)
    assert invoke([command, "specs"]) == code
    said = capsys.readouterr().err
    assert "numba" in said and f'pip install "optgen[{extra}]"' in said and "bug" not in said
