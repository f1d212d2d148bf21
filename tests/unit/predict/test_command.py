import json

import numpy as np
import pytest
from click.testing import CliRunner

from salver.client.answers import Prediction
from salver.client.no_answer import NoAnswerError
from salver.client.signatures import ModelMetadata, Signature, TensorInfo
from salver.errors import NotFoundError, UnavailableError
from salver.predict import command
from salver.predict.command import main, predict

VECTOR = {"x": TensorInfo("DT_FLOAT", (None,))}
SIGNATURES = {
    "serving_default": Signature("", VECTOR, {"y": VECTOR["x"]}),
    "total": Signature("", {"a": VECTOR["x"], "b": VECTOR["x"]}, {"sum": VECTOR["x"], "mean": VECTOR["x"]}),
    "__saved_model_init_op": Signature("", {}, {}),
}


class FakeClient:
    """Adds up its inputs, and remembers what it was asked."""

    signatures = SIGNATURES
    made = ()
    asked = ()

    def __init__(self, address, **options):
        type(self).made = (address, options)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def model_metadata(self, model, **which):
        if model == "nobody":
            raise NotFoundError("Servable not found for request: Latest(nobody)")
        return ModelMetadata(model, 1, self.signatures)

    def predict(self, model, inputs, **options):
        type(self).asked = (model, options)
        names = options["output_filter"] or list(self.signatures[options["signature"]].outputs)
        return Prediction({name: sum(inputs.values()) for name in names})


@pytest.fixture(autouse=True)
def client(monkeypatch):
    monkeypatch.setattr(command, "Client", FakeClient)
    return FakeClient


def run(*arguments, stdin=None):
    done = CliRunner().invoke(predict, ["m", *map(str, arguments)], input=stdin)
    assert done.exit_code == 0, done.output
    return done.output


def refusal(*arguments, stdin=None, status=1):
    done = CliRunner().invoke(predict, ["m", *map(str, arguments)], input=stdin)
    assert done.exit_code == status
    return done.output


@pytest.mark.parametrize("arguments", [(), ("-",)])
def test_standard_input_is_read_where_no_file_is_given(arguments):
    assert json.loads(run(*arguments, stdin="[1, 2]")) == {"y": [1.0, 2.0]}
    assert run(*arguments, "--format=csv", stdin="x\n1\n2\n") == "y\n1.0\n2.0\n"


def test_files_come_and_go_by_their_names(tmp_path):
    given, out = tmp_path / "x.npy", tmp_path / "y.npz"
    np.save(given, np.array([1.5, 2]))
    assert run(given, "--output", out) == ""
    with np.load(out) as archive:
        assert archive["y"].tolist() == [1.5, 2]


def test_each_input_may_have_a_file_of_its_own(tmp_path):
    a, b = tmp_path / "a.json", tmp_path / "b.csv"
    a.write_text("[1, 2]")
    b.write_text("any\n3\n4\n")
    said = run(f"--input=a={a}", f"--input=b={b}", "--signature=total", "--filter=sum")
    assert json.loads(said) == {"sum": [4.0, 6.0]}


def test_options_reach_the_server(client, tmp_path):
    ca = tmp_path / "ca.pem"
    ca.touch()
    run("--version=3", "--address=http://models:1", "--timeout=2", "--cacert", ca, "--tls-server-name=m", stdin="[1]")
    assert client.made[0] == "http://models:1"
    assert client.made[1]["timeout_s"] == 2
    assert client.made[1]["tls"].root_certificates == str(ca)
    assert client.made[1]["tls"].server_name == "m"
    assert client.asked == ("m", {"output_filter": (), "signature": "serving_default", "version": 3})
    run("--label=stable", stdin="[1]")
    assert client.asked[1]["label"] == "stable"
    assert client.made[1]["tls"] is None


@pytest.mark.parametrize("given", ["models", "::1", "[::1]:1", "https://models", "unix:/s"])
def test_addresses_are_read_by_the_client(client, given):
    run("--address", given, "--tls", stdin="[1]")
    assert client.made[0] == given
    assert client.made[1]["tls"] is not None


def test_what_is_no_address_is_a_mistake_in_the_arguments():
    done = refusal("--address=1:2:3", stdin="[1]", status=2)
    assert "expected HOST:PORT, HOST or [IPV6]:PORT for gRPC, http://HOST:PORT for REST, got '1:2:3'" in done


def test_the_only_signature_is_the_one(client, monkeypatch):
    monkeypatch.setattr(client, "signatures", {"score": SIGNATURES["serving_default"], "__saved_model_init_op": None})
    run(stdin="[1]")
    assert client.asked[1]["signature"] == "score"


@pytest.mark.parametrize(
    ("arguments", "stdin", "text"),
    [
        (("--signature=totl",), "[1]", "model 'm' has no signature 'totl'; did you mean total?"),
        (("--filter=x",), "[1]", "no output 'x'; there is y"),
        ((), '{"xx": [1]}', "no input 'xx'; did you mean x?"),
        ((), "[1", "standard input: no JSON"),
        ((), "\n", "standard input: there is nothing in it"),
        (("none.npy",), None, "none.npy cannot be read: No such file or directory"),
        (("--signature=total",), "[1]", "The signature has a, b: give them by name"),
        (("--output=/none/y.json",), "[1]", "--output /none/y.json cannot be written"),
        (("--version=1", "--label=a"), "[1]", "--version and --label exclude each other"),
        (("--format=npy", "--signature=total"), '{"a": [1], "b": [1]}', "--format npz"),
        (("--key=pyproject.toml",), "[1]", "--cert and --key come together"),
        (("--cacert=k.pem",), "[1]", "'--cacert': File 'k.pem' does not exist"),
    ],
)
def test_mistakes_are_one_line_that_names_what_is_wrong(arguments, stdin, text):
    said = refusal(
        *arguments, stdin=stdin, status=2 if any(word in text for word in ("exclude", "together", "exist")) else 1
    )
    assert text in said
    assert "Traceback" not in said


def test_what_the_server_refuses_is_said():
    done = CliRunner().invoke(predict, ["nobody"], input="[1]")
    assert (done.exit_code, done.output) == (1, "Error: Servable not found for request: Latest(nobody)\n")


@pytest.mark.parametrize("is_hinted", [True, False])
def test_hint_at_addresses_follows_what_the_connection_says_alone(client, monkeypatch, *, is_hinted):
    error = NoAnswerError("gone") if is_hinted else UnavailableError("no answer from a backend")

    def fail(*_, **__):
        raise error

    monkeypatch.setattr(client, "model_metadata", fail)
    hint = " (HOST:PORT asks for gRPC, http://HOST:PORT for REST)" if is_hinted else ""
    assert refusal(stdin="[1]") == f"Error: {error.message}{hint}\n"


def test_values_without_a_name_do_not_go_with_others(tmp_path):
    file = tmp_path / "a.npy"
    np.save(file, np.ones(1))
    assert "give all by --input NAME=FILE" in refusal(file, f"--input=b={file}")
    assert "--input takes NAME=FILE, got 'b'" in refusal("--input=b", status=2)
    both = tmp_path / "both.json"
    both.write_text('{"a": [1], "b": [2]}')
    assert "holds 2 inputs, and --input a needs one" in refusal(f"--input=a={both}")


def test_main_returns_the_status(capsys):
    assert main(["--help"]) == 0
    assert "Run MODEL on the values in FILE" in capsys.readouterr().out
    assert main([]) == 2
