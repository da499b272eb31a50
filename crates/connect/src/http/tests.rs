use super::*;
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

type Done = Result<(), Box<dyn std::error::Error>>;

fn client(rules: Rules) -> Result<Client, rustls::Error> {
    Client::new(rules, RootCertStore::empty())
}

fn get(url: &str) -> Request {
    Request { method: Method::GET, url: url.to_owned(), headers: Vec::new(), body: Bytes::new() }
}

fn allow(networks: &[&str]) -> Rules {
    Rules { allow: networks.iter().filter_map(|n| n.parse().ok()).collect(), loopback: false }
}

/// Somebody who answers every connection with this text, whatever is asked; gives where, and how often he was asked.
async fn answering(text: String) -> io::Result<(SocketAddr, Arc<AtomicUsize>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let (address, asked) = (listener.local_addr()?, Arc::new(AtomicUsize::new(0)));
    let count = asked.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            let text = text.clone();
            tokio::spawn(async move {
                let mut head = [0; 2_048];
                let _ = stream.read(&mut head).await;
                let _ = stream.write_all(text.as_bytes()).await;
                let _ = stream.shutdown().await;
            });
        }
    });
    Ok((address, asked))
}

fn answer(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

#[tokio::test]
async fn every_range_that_is_not_public_is_refused() -> Done {
    let client = client(Rules::default())?;
    let refused = [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "10.255.255.255",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.9.9.9",
        "168.63.129.16",
        "169.254.169.254",
        "169.254.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "[::]",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:10.0.0.1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b:1::1]",
        "[100::1]",
        "[2001::1]",
        "[2001:db8::1]",
        "[2002:7f00:1::1]",
        "[2002:a9fe:a9fe::1]",
        "[3fff::1]",
        "[fc00::1]",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "[fec0::1]",
        "[ff02::1]",
        "[5f00::1]",
    ];
    for host in refused {
        let failure = client.send(get(&format!("https://{host}/"))).await.err();
        assert!(matches!(failure, Some(Failure::Forbidden(_))), "{host}: {failure:?}");
    }
    for host in ["8.8.8.8", "100.63.255.255", "100.128.0.0", "172.15.0.1", "172.32.0.1", "169.253.1.1", "198.20.0.1"] {
        assert!(is_public(host.parse()?), "{host}");
    }
    assert!(is_public("2606:4700::1111".parse()?) && is_public("2001:4860:4860::8888".parse()?));
    assert!(is_public("64:ff9b::808:808".parse()?) && is_public("::ffff:8.8.8.8".parse()?));
    Ok(())
}

#[tokio::test]
async fn odd_spellings_of_an_address_are_judged_by_what_they_mean() -> Done {
    let client = client(Rules::default())?;
    for host in ["localhost", "127.1", "2130706433", "0x7f.0.0.1", "0177.0.0.1", "localhost."] {
        let failure = client.send(get(&format!("https://{host}/"))).await.err();
        assert!(matches!(failure, Some(Failure::Forbidden(_) | Failure::Unresolved)), "{host}: {failure:?}");
    }
    Ok(())
}

#[tokio::test]
async fn only_https_without_credentials_is_a_place_to_ask() -> Done {
    let client = client(Rules { loopback: true, ..Rules::default() })?;
    for url in [
        "",
        "/path",
        "host/path",
        "ftp://host/",
        "file:///etc/passwd",
        "https://",
        "https:///x",
        "https://user@host/",
        "https://user:word@host/",
        "https://host:/",
        "https://host:99999/",
        "https://ho st/",
        "gopher://host",
    ] {
        assert_eq!(client.send(get(url)).await.err(), Some(Failure::Url), "{url}");
    }
    for url in ["http://8.8.8.8/", "http://10.0.0.1/"] {
        assert_eq!(client.send(get(url)).await.err(), Some(Failure::NotHttps), "{url}");
    }
    let place = Place::of("https://[2606:4700::1111]:8443/a?b=c")?;
    assert_eq!((place.host.as_str(), place.port, place.path.as_str()), ("2606:4700::1111", 8_443, "/a?b=c"));
    assert_eq!(Place::of("https://host?x")?.path, "/?x");
    Ok(())
}

#[tokio::test]
async fn plain_http_is_for_loopback_in_a_demo() -> Done {
    let (address, asked) = answering(answer("200 OK", "hello")).await?;
    let url = format!("http://{address}/");
    let done = client(Rules { loopback: true, ..Rules::default() })?.send(get(&url)).await?;
    assert_eq!((done.status, &done.body[..]), (200, &b"hello"[..]));
    for rules in [Rules::default(), allow(&["127.0.0.0/8"])] {
        assert_eq!(client(rules)?.send(get(&url)).await.err(), Some(Failure::NotHttps));
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    Ok(())
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() -> Done {
    let (target, asked) = answering(answer("200 OK", "secret")).await?;
    let moved = format!("HTTP/1.1 302 Found\r\nlocation: http://{target}/\r\ncontent-length: 0\r\n\r\n");
    let (address, _) = answering(moved).await?;
    let client = client(Rules { loopback: true, ..Rules::default() })?;
    assert_eq!(client.send(get(&format!("http://{address}/"))).await?.status, 302);
    assert_eq!(asked.load(Ordering::SeqCst), 0);
    Ok(())
}

#[tokio::test]
async fn an_answer_may_be_as_long_as_the_limit_and_not_one_byte_longer() -> Done {
    let client = client(Rules { loopback: true, ..Rules::default() })?;
    let (fits, _) = answering(answer("200 OK", &"x".repeat(OUTBOUND_BODY_MAX_BYTES))).await?;
    assert_eq!(client.send(get(&format!("http://{fits}/"))).await?.body.len(), OUTBOUND_BODY_MAX_BYTES);
    let (longer, _) = answering(answer("200 OK", &"x".repeat(OUTBOUND_BODY_MAX_BYTES + 1))).await?;
    assert_eq!(client.send(get(&format!("http://{longer}/"))).await.err(), Some(Failure::TooLong));
    let (broken, _) = answering("not http at all".to_owned()).await?;
    assert_eq!(client.send(get(&format!("http://{broken}/"))).await.err(), Some(Failure::Broken));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn who_does_not_answer_in_time_is_left() -> Done {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let silent = tokio::spawn(async move {
        let kept = listener.accept().await;
        std::future::pending::<()>().await;
        drop(kept);
    });
    let client = client(Rules { loopback: true, ..Rules::default() })?;
    assert_eq!(client.send(get(&format!("http://{address}/"))).await.err(), Some(Failure::TooSlow));
    silent.abort();
    Ok(())
}

#[tokio::test]
async fn a_name_is_resolved_once_and_no_later_answer_counts() -> Done {
    let (address, asked) = answering(answer("200 OK", "secret")).await?;
    let turns = Arc::new(AtomicUsize::new(0));
    let (count, port) = (turns.clone(), address.port());
    let mut client = client(Rules::default())?;
    // Public when it is checked, this machine when it is asked again: as an attacker's name server answers.
    client.resolve = Arc::new(move |_, _| {
        let first = count.fetch_add(1, Ordering::SeqCst) == 0;
        let ip: IpAddr = if first { [0x2001, 0xdb8, 0, 0, 0, 0, 0, 1].into() } else { [127, 0, 0, 1].into() };
        Box::pin(async move { Ok(vec![SocketAddr::new(ip, port)]) })
    });
    let url = format!("https://rebound.example:{port}/");
    assert!(matches!(client.send(get(&url)).await.err(), Some(Failure::Forbidden(_))));
    assert!(matches!(client.send(get(&url)).await.err(), Some(Failure::Forbidden(ip)) if ip.is_loopback()));
    assert_eq!((turns.load(Ordering::SeqCst), asked.load(Ordering::SeqCst)), (2, 0));
    Ok(())
}

#[tokio::test]
async fn the_certificate_must_be_trusted_and_for_that_name() -> Done {
    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new(vec!["localhost".to_owned()])?.self_signed(&key)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let private = PrivateKeyDer::try_from(key.serialize_der())?;
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)?;
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut head = [0; 2_048];
            let _ = stream.read(&mut head).await;
            let _ = stream.write_all(answer("200 OK", "safe").as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
    let mut roots = RootCertStore::empty();
    roots.add(certificate.der().clone())?;
    let mut trusting = Client::new(allow(&["127.0.0.1"]), roots)?;
    trusting.resolve = Arc::new(move |_, port| Box::pin(async move { Ok(vec![([127, 0, 0, 1], port).into()]) }));
    let url = format!("https://localhost:{port}/");
    assert_eq!(&trusting.send(get(&url)).await?.body[..], b"safe");
    let other = format!("https://other.example:{port}/");
    assert_eq!(trusting.send(get(&other)).await.err(), Some(Failure::Certificate));
    let mut stranger = client(allow(&["127.0.0.1"]))?;
    stranger.resolve = trusting.resolve.clone();
    assert_eq!(stranger.send(get(&url)).await.err(), Some(Failure::Certificate));
    Ok(())
}

#[test]
fn networks_are_read_as_operators_write_them() {
    let contains = |network: &str, ip: &str| {
        network.parse::<Network>().ok().zip(ip.parse().ok()).map(|(n, ip): (Network, IpAddr)| n.contains(ip))
    };
    assert_eq!(contains("10.1.0.0/16", "10.1.255.255"), Some(true));
    assert_eq!(contains("10.1.0.0/16", "10.2.0.0"), Some(false));
    assert_eq!(contains("192.168.7.3", "192.168.7.3"), Some(true));
    assert_eq!(contains("192.168.7.3", "192.168.7.4"), Some(false));
    assert_eq!(contains("fd00:1::/64", "fd00:1::ffff"), Some(true));
    assert_eq!(contains("0.0.0.0/0", "::1"), Some(false));
    assert_eq!(contains("::/0", "fe80::1"), Some(true));
    for bad in ["", "10.0.0.0/33", "::/129", "host.example", "10.0.0.0/x", "10.0.0/8"] {
        assert!(bad.parse::<Network>().is_err(), "{bad}");
    }
}
