from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seraphim.addresses import is_public
from seraphim.audio_node.decoder.address_guard import Target, TrustedHosts, resolve
from seraphim.audio_node.media import MediaError

HOSTILE = [
    "http://127.0.0.1/",
    "http://127.0.0.1:80/",
    "https://127.8.8.8/",
    "http://localhost/",
    "http://LOCALHOST/",
    "http://localhost./",
    "http://127.0.0.1./",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://017700000001/",
    "http://0177.0.0.1/",
    "http://0x7f.0.0.1/",
    "http://0x7f.1/",
    "http://127.1/",
    "http://127.0.1/",
    "http://0/",
    "http://0.0.0.0/",
    "http://127.0.0.01/",
    "http://127.0.0.1%00.example.com/",
    "http://\uff11\uff12\uff17.\uff10.\uff10.\uff11/",
    "http://①②⑦.0.0.1/",
    "http://127。0。0。1/",
    "http://10.0.0.1/",
    "http://172.16.0.1/",
    "http://192.168.1.1/",
    "http://100.64.0.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://198.18.0.1/",
    "http://192.0.0.8/",
    "http://224.0.0.1/",
    "http://240.0.0.1/",
    "http://255.255.255.255/",
    "http://[::1]/",
    "http://[::]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::127.0.0.1]/",
    "http://[64:ff9b::127.0.0.1]/",
    "http://[64:ff9b::a00:1]/",
    "http://[64:ff9b:1::a00:1]/",
    "http://[2002:7f00:1::]/",
    "http://[2001:0:4136:e378:8000:63bf:80ff:fffe]/",
    "http://[2a00::5efe:127.0.0.1]/",
    "http://[fe80::1]/",
    "http://[fe80::1%25lo]/",
    "http://[fc00::1]/",
    "http://[fd12:3456::1]/",
    "http://[fec0::1]/",
    "http://[ff02::1]/",
    "http://[2001:db8::1]/",
    "http://[2606:4700:4700::1111%25eth0]/",
    "http://[::1",
    "http://[127.0.0.1]/",
    "http://user@127.0.0.1/",
    "http://user:secret@example.com/",
    "http://example.com@127.0.0.1/",
    "http://example.com#@127.0.0.1:0/",
    "http://127.0.0.1\\@example.com/",
    "http:\\\\127.0.0.1/",
    "http://exa mple.com/",
    "http://example.com/\r\nHost: 127.0.0.1",
    "http://\t127.0.0.1/",
    "http://example.com:0/",
    "http://example.com:99999/",
    "http://example.com:/",
    "http://example..com/",
    "http://example.com/\ud800",
    "http://\ud800.com/",
    "http:///path",
    "http://",
    "//example.com/",
    "file:///etc/passwd",
    "ftp://example.com/a.mp3",
    "gopher://127.0.0.1:70/",
    "data:audio/mp3;base64,AAAA",
    "concat:http://127.0.0.1/",
    "http://" + "a" * 300 + ".com/",
    "http://example.com/" + "a" * 9000,
]  # fmt: skip

PRIVATE_V4 = [
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
    "192.0.0.0/24", "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
    "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
]  # fmt: skip
PRIVATE_V6 = [
    "::/96", "::ffff:0:0/96", "64:ff9b:1::/48", "100::/64", "2001::/32", "2001:db8::/32",
    "2002::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
]  # fmt: skip


def inside(network: IPv4Network | IPv6Network) -> st.SearchStrategy[int]:
    return st.integers(int(network.network_address), int(network.broadcast_address))


private_v4 = st.sampled_from([IPv4Network(n) for n in PRIVATE_V4]).flatmap(inside).map(IPv4Address)
private_v6 = st.sampled_from([IPv6Network(n) for n in PRIVATE_V6]).flatmap(inside).map(IPv6Address)
any_v4 = st.integers(0, 2**32 - 1).map(IPv4Address)


@pytest.mark.parametrize("url", HOSTILE)
def test_a_hostile_url_is_refused(url: str) -> None:
    with pytest.raises(MediaError):
        resolve(Target.parse(url), TrustedHosts())


@settings(deadline=None)
@given(private_v4)
def test_no_private_ipv4_address_is_public_in_any_clothes(address: IPv4Address) -> None:
    number = int(address)
    assert not is_public(address)
    for clothed in (
        int(IPv6Address("::ffff:0:0")) | number,
        number,
        int(IPv6Address("64:ff9b::")) | number,
        int(IPv6Address("2002::")) | number << 80,
        int(IPv6Address("2a00:1:2:3:0:5efe::")) | number,
        int(IPv6Address("2a00:1:2:3:200:5efe::")) | number,
        int(IPv6Address("2001::")) | (number ^ 0xFFFFFFFF),
    ):
        assert not is_public(IPv6Address(clothed)), IPv6Address(clothed)


@settings(deadline=None)
@given(private_v6)
def test_no_special_ipv6_address_is_public(address: IPv6Address) -> None:
    assert not is_public(address)


@settings(deadline=None)
@given(any_v4)
def test_nat64_says_of_an_address_what_the_address_says(address: IPv4Address) -> None:
    assert is_public(IPv6Address(int(IPv6Address("64:ff9b::")) | int(address))) == is_public(
        address
    )


@settings(deadline=None)
@given(any_v4, st.integers(0, 65535))
def test_what_is_parsed_is_the_host_that_was_written(address: IPv4Address, port: int) -> None:
    url = f"https://{address}:{port}/a?b=c"
    if port == 0:
        with pytest.raises(MediaError):
            Target.parse(url)
    else:
        target = Target.parse(url)
        assert (target.host, target.port, target.path) == (str(address), port, "/a?b=c")


@settings(deadline=None)
@given(st.text(max_size=40))
def test_a_host_is_a_plain_name_or_an_address_whatever_was_written(text: str) -> None:
    try:
        target = Target.parse(f"http://{text}/")
    except MediaError:
        return
    if ":" in target.host or target.host.rpartition(".")[2].isdigit():
        ip_address(target.host)
    else:
        assert target.host.isascii()
        assert not set(target.host) & set("/\\@:?#%[] \r\n")


@settings(deadline=None)
@given(st.text(max_size=60))
def test_a_path_cannot_smuggle_a_second_line_into_the_request(text: str) -> None:
    try:
        target = Target.parse(f"http://example.com/{text}")
    except MediaError:
        return
    assert target.path.isascii()
    assert target.path.isprintable()
    assert " " not in target.path


@pytest.mark.parametrize(
    "address",
    ["1.1.1.1", "8.8.8.8", "93.184.216.34", "2606:4700:4700::1111", "2a00:1450:4001:80b::200e"],
)
def test_public_addresses_are_played_from(address: str) -> None:
    host = f"[{address}]" if ":" in address else address
    found = resolve(Target.parse(f"https://{host}/song.mp3"), TrustedHosts())
    assert [place for _, place in found] == [address]


def test_a_trusted_host_may_be_private() -> None:
    trusted = TrustedHosts("media.lan, 127.0.0.1:8000,[::1]:80")
    assert resolve(Target.parse("http://127.0.0.1:8000/"), trusted)
    assert resolve(Target.parse("http://[::1]/"), trusted)
    assert Target.parse("https://MEDIA.lan:1234/") in trusted


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8001/", "http://localhost:8000/", "http://[::1]:81/"]
)
def test_trust_does_not_spread_to_another_port_or_name(url: str) -> None:
    trusted = TrustedHosts("127.0.0.1:8000,[::1]:80")
    with pytest.raises(MediaError):
        resolve(Target.parse(url), trusted)


@pytest.mark.parametrize(
    "text", ["http://host", "user@host", "host:", "host:port", "a b", "host/path"]
)
def test_what_is_not_a_host_cannot_be_trusted(text: str) -> None:
    with pytest.raises(ValueError, match="neither a host nor host:port"):
        TrustedHosts(text)


def test_a_refusal_does_not_repeat_a_password() -> None:
    with pytest.raises(MediaError) as refusal:
        Target.parse("http://ada:hunter2@example.com/")
    assert "hunter2" not in refusal.value.message + refusal.value.cause
