"""GitHub and Docker Hub, by a server that answers in their format."""

import time

import pytest

from router.catalogue import GitHubAccounts, SourceUnavailable
from tests.support.stand_in import Answer, StandIn


def accounts(server, **options):
    return GitHubAccounts(f"{server.url}/github/", f"{server.url}/raw", f"{server.url}/hub", **options)


def asking(answer, call, **options):
    with StandIn(answer) as server:
        source = accounts(server, **options)
        try:
            return call(source), server
        finally:
            source.close()


def test_repositories_come_in_pages():
    def answer(asked):
        page = int(asked.target.rpartition("=")[2])
        return Answer([{"name": f"S_{page}_{n}"} for n in range(100 if page < 3 else 7)])

    names, server = asking(answer, lambda source: source.repositories("cytomine"))
    assert len(names) == 207
    assert [asked.target for asked in server.asked][:1] == ["/github/users/cytomine/repos?per_page=100&page=1"]


def test_an_unchanged_list_is_asked_for_by_its_etag_and_taken_from_memory():
    def answer(asked):
        if asked.headers.get("if-none-match") == '"abc"':
            return Answer(b"", 304)
        return Answer([{"name": "S_x"}], headers={"etag": '"abc"'})

    names, server = asking(answer, lambda source: [source.repositories("u"), source.repositories("u")])
    assert names == [["S_x"], ["S_x"]]
    assert "if-none-match" in server.asked[1].headers


def test_the_token_goes_to_github_only():
    def answer(asked):
        if asked.path.startswith("/github"):
            return Answer([])
        return Answer({"results": [], "next": None})

    def ask(source):
        source.repositories("u")
        source.releases("u", "x")
        source.descriptor("u", "x", "1")

    _, server = asking(answer, ask, token="SECRET")
    assert [asked.headers.get("authorization") for asked in server.asked] == ["Bearer SECRET", None, None]


def test_tags_follow_the_next_page_but_never_to_another_host():
    def answer(asked):
        if asked.path == "/hub/v2/repositories/cytomine/s_x/tags" and "page=2" not in asked.target:
            return Answer({"results": [{"name": "v2"}], "next": f"http://{asked.headers['host']}/hub{NEXT}"})
        return Answer({"results": [{"name": "v1"}], "next": "http://elsewhere.example/steal"})

    NEXT = "/v2/repositories/cytomine/s_x/tags?page=2"  # noqa: N806
    tags, server = asking(answer, lambda source: source.releases("Cytomine", "S_x"))
    assert tags == ["v2", "v1"]
    assert len(server.asked) == 2


def test_the_descriptor_of_a_tag():
    text, server = asking(lambda _: Answer(b'{"name": "x"}'), lambda source: source.descriptor("u", "S_x", "v1/2"))
    assert text == b'{"name": "x"}'
    assert server.asked[0].target == "/raw/u/S_x/v1%2F2/descriptor.json"


def test_what_is_not_there_is_nothing():
    missing = Answer({"message": "Not Found"}, 404)
    assert asking(lambda _: missing, lambda source: source.repositories("nobody"))[0] == []
    assert asking(lambda _: missing, lambda source: source.releases("nobody", "x"))[0] == []
    assert asking(lambda _: missing, lambda source: source.descriptor("nobody", "x", "1"))[0] is None


@pytest.mark.parametrize(
    ("answer", "wait"),
    [
        (Answer({}, 429, {"retry-after": "7"}), 7),
        (Answer({}, 403), 60),
        (Answer({}, 403, {"x-ratelimit-reset": "soon"}), 60),
        (Answer({}, 403, {"x-ratelimit-reset": "99999999999"}), 3600),
        (Answer({}, 502), 60),
        (Answer(b"<html>"), 60),
    ],
)
def test_a_source_that_is_away_or_wants_a_pause(answer, wait):
    with pytest.raises(SourceUnavailable) as caught:
        asking(lambda _: answer, lambda source: source.repositories("u"))
    assert caught.value.wait_s == wait


def test_a_source_that_says_until_when():
    in_half_an_hour = Answer({}, 403, {"x-ratelimit-reset": str(int(time.time()) + 1800)})
    with pytest.raises(SourceUnavailable) as caught:
        asking(lambda _: in_half_an_hour, lambda source: source.repositories("u"))
    assert caught.value.wait_s == pytest.approx(1800, abs=60)


def test_nobody_there():
    source = GitHubAccounts("http://127.0.0.1:9")
    with pytest.raises(SourceUnavailable, match="no answer"):
        source.repositories("u")
    source.close()
