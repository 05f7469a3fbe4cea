//! TLS by a configured certificate.

use std::time::Duration;

use axum_server::tls_rustls::RustlsConfig;

use crate::config::TlsConfig;

/// How often the files are read again: certificates are renewed weeks before they end.
const RENEWAL: Duration = Duration::from_hours(1);

/// Reads certificate and key, and from then on reads them again every hour.
pub(crate) async fn load(config: &TlsConfig) -> std::io::Result<RustlsConfig> {
    let TlsConfig { certificate, key } = config.clone();
    let tls = RustlsConfig::from_pem_file(&certificate, &key).await?;
    let renewed = tls.clone();
    tokio::spawn(async move {
        let mut period = tokio::time::interval(RENEWAL);
        loop {
            period.tick().await;
            if let Err(error) = renewed.reload_from_pem_file(&certificate, &key).await {
                tracing::error!(%error, "the certificate cannot be read again; the last one stays in force");
            }
        }
    });
    Ok(tls)
}
