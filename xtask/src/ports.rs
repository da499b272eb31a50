//! Free ports of the loopback address.
//!
//! Another process may take a port between our look and its use. That is rare, loud, and cured by a second try.

use std::net::{Ipv4Addr, TcpListener};
use std::ops::RangeInclusive;

use crate::failure::{Context, Outcome};

/// A port the system chose.
pub fn any_free() -> Outcome<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("asking for a free port on 127.0.0.1")?;
    Ok(listener.local_addr().context("reading the free port")?.port())
}

pub fn first_free(mut ports: RangeInclusive<u16>) -> Option<u16> {
    ports.find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};

    use super::{any_free, first_free};

    #[test]
    fn a_taken_port_is_passed_over() {
        let held = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let taken = held.local_addr().unwrap().port();
        assert_eq!(first_free(taken..=taken), None);
        assert_ne!(any_free().unwrap(), 0);
    }
}
