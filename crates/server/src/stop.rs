//! The end of the process, whatever is still under way: nothing that was acknowledged is lost by it.

use std::sync::mpsc::channel;
use std::thread::Builder;
use std::time::Duration;
use tenure_domain::limits::STOP_TIME_MAX_MILLIS;

/// From now on the process has so long to end by itself.
pub fn at_the_latest() {
    let begun = Builder::new().name("stop".to_owned()).spawn(|| {
        let (_nobody, never) = channel::<()>();
        // Nobody sends: only the time passes.
        let _ = never.recv_timeout(Duration::from_millis(STOP_TIME_MAX_MILLIS));
        tracing::warn!("the server did not stop in time and was ended");
        std::process::exit(0);
    });
    if let Err(error) = begun {
        tracing::warn!(%error, "nothing will end the server if it does not stop by itself");
    }
}
