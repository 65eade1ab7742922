"""What a user can ask of an agent that is wrong: one clear answer each."""

import pytest


@pytest.fixture(scope="module")
def agent_run(dlapps, tiny, tmp_path_factory):
    directory = tmp_path_factory.mktemp("runs") / "cartpole_dqn" / "0"
    settings = ("data.learning_starts=8", "data.validation_episodes=2", "model.widths=[4]")
    options = [part for setting in settings for part in ("--set", setting)]
    answer = dlapps("games", "train", "cartpole_dqn", "--run", directory, *tiny, *options)
    assert answer.exit_code == 0, answer.stderr
    return directory


@pytest.mark.parametrize(
    ("setting", "named"),
    [
        ("data.name=CartPol-v1", "the nearest are CartPole-v1"),
        ("data.name=Pendulum-v1", "Environments for it have Discrete actions"),
        ("data.name=FrozenLake-v1", "takes arrays (Box)"),
        ("data.replay_size=10", "replay_size must hold"),
        ("model={name: convolutional_dqn}", "needs images"),
        ("training.monitor=mean_retrun", "did you mean mean_return"),
    ],
)
def test_a_wrong_setting_is_named(dlapps, tiny, tmp_path, setting, named):
    options = (*tiny, "--set", setting)
    answer = dlapps("games", "train", "cartpole_dqn", "--run", tmp_path / "run", *options)
    assert answer.exit_code == 2, answer.stderr
    assert named in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize("command", ["predict", "explain"])
@pytest.mark.parametrize("text", ["picture.png", "1.5", "-3", "1" * 5000])
def test_what_is_no_start_is_named(dlapps, agent_run, command, text):
    answer = dlapps("games", command, agent_run, "--", text)
    assert answer.exit_code == 2, answer.stderr
    assert text[:20] in answer.stderr
    assert " is no start of an episode" in answer.stderr
    assert answer.stdout == ""


def test_single_episodes_are_drawn(dlapps, agent_run):
    answer = dlapps("games", "explain", agent_run, "7", "--json")
    assert answer.exit_code == 0, answer.stderr
    names = [path.rsplit("/", 1)[1] for path in answer.document["files"]]
    assert names == ["episode_7.png", "7_explained.png"]
