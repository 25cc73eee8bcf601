//! Who may log in, from flags and files.
use super::settings::{Account, OAuth, OtherRealm, Settings};
use crate::exit::Failure;
use base64::{Engine, prelude::BASE64_STANDARD};
use spool::{
    Accounts, TokenSecret,
    probe::{Algorithm, Credentials},
};
use std::{
    collections::BTreeSet,
    io::BufRead,
    path::{Path, PathBuf},
};

/// What stands before keys in the place of a password.
const KEYS: &str = "keys:";

/// Where the accounts of one realm are told.
struct Places<'s> {
    user: &'s [Account],
    users: Option<&'s PathBuf>,
    secrets: &'s [String],
    secret_file: Option<&'s PathBuf>,
}

/// All accounts of the realm that has no addresses of its own, and the secrets that make more.
pub(super) fn read(settings: &Settings) -> Result<Accounts, Failure> {
    let Settings { user, users, auth_secret: secrets, auth_secret_file, .. } = settings;
    let (users, secret_file) = (users.as_ref(), auth_secret_file.as_ref());
    let accounts = Places { user, users, secrets, secret_file }.read()?;
    let Some(OAuth { server_name, keys }) = &settings.oauth else { return Ok(accounts) };
    Ok(accounts.tokens(server_name, token_keys(keys)?))
}

/// The keys that are shared with an authorization server.
fn token_keys(path: &Path) -> Result<Vec<(String, TokenSecret)>, Failure> {
    let lines = lines("oauth: keys", path)?.into_iter();
    let keys = lines.map(|(number, line)| {
        let key = line.split_once(':').and_then(|(kid, key)| {
            let key = BASE64_STANDARD.decode(key).ok()?;
            let aes128 = <[u8; 16]>::try_from(&key[..]).map(TokenSecret::Aes128);
            let key = aes128.or_else(|_| <[u8; 32]>::try_from(&key[..]).map(TokenSecret::Aes256));
            Some((kid.to_owned(), key.ok()?))
        });
        let wrong = || {
            let place = format!("{}, line {number}", path.display());
            Failure::Usage(format!("{place}: KID:KEY, the key 16 or 32 bytes in base64"))
        };
        key.filter(|(kid, _)| !kid.is_empty()).ok_or_else(wrong)
    });
    keys.collect()
}

/// Those of another realm.
pub(super) fn of_realm(realm: &OtherRealm) -> Result<Accounts, Failure> {
    let OtherRealm { user, users, auth_secret: secrets, auth_secret_file, .. } = realm;
    let (users, secret_file) = (users.as_ref(), auth_secret_file.as_ref());
    Places { user, users, secrets, secret_file }.read()
}

impl Places<'_> {
    fn read(&self) -> Result<Accounts, Failure> {
        let mut accounts = Accounts::new();
        let mut names = BTreeSet::new();
        let mut take = |name: &str, place: &str| {
            if names.insert(name.to_owned()) {
                return Ok(());
            }
            Err(Failure::Usage(format!("{place}: there is an account '{name}' already")))
        };
        for Account { name, password } in self.user {
            take(name, "--user")?;
            accounts = accounts.password(name, password);
        }
        if let Some(path) = self.users {
            for (number, line) in lines("--users", path)? {
                let place = format!("{}, line {number}", path.display());
                let wrong = |what| Failure::Usage(format!("{place}: {what}"));
                let Account { name, password } = line.parse().map_err(wrong)?;
                take(&name, &place)?;
                accounts = match password.strip_prefix(KEYS) {
                    None => accounts.password(&name, &password),
                    Some(keys) => {
                        let keys = parse_keys(keys);
                        let (md5, sha256) =
                            keys.ok_or_else(|| wrong("keys are what --print-keys prints"))?;
                        accounts.keys(&name, md5, sha256)
                    }
                };
            }
        }
        for secret in self.secrets {
            accounts = accounts.secret(secret.as_bytes());
        }
        if let Some(path) = self.secret_file {
            for (_, secret) in lines("--auth-secret-file", path)? {
                accounts = accounts.secret(secret.as_bytes());
            }
        }
        Ok(accounts)
    }
}

/// The first line of a file that says something.
pub(super) fn first_line(flag: &str, path: &Path) -> Result<String, Failure> {
    let first = lines(flag, path)?.into_iter().next();
    let none = || Failure::Usage(format!("{flag} {}: there is nothing in it", path.display()));
    first.map(|(_, line)| line).ok_or_else(none)
}

/// The lines of a file that say something, with their numbers.
fn lines(flag: &str, path: &Path) -> Result<Vec<(usize, String)>, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::Usage(format!("{flag} {}: {error}", path.display())))?;
    let lines = text.lines().map(str::trim).enumerate();
    let said = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    Ok(said.map(|(at, line)| (at + 1, line.to_owned())).collect())
}

/// Reads a password from stdin and gives the line of a file of accounts that holds no password.
pub(super) fn keys_line(name: &str, realm: &str) -> Result<String, Failure> {
    let mut password = String::new();
    std::io::stdin().lock().read_line(&mut password).map_err(Failure::start("the password"))?;
    let password = password.trim_end_matches(['\r', '\n']);
    let wrong = |what: String| Failure::Usage(format!("--print-keys {name}: {what}"));
    if name.is_empty() || name.contains(':') || password.is_empty() {
        return Err(wrong("a name without a colon, and a password on stdin".to_owned()));
    }
    let credentials = Credentials::new(name, password).map_err(|error| wrong(error.to_string()))?;
    let key = |algorithm| {
        let bytes = credentials.long_term_key_bytes(realm, algorithm);
        bytes.map(|bytes| hex(&bytes)).ok_or_else(|| wrong("the realm cannot be used".to_owned()))
    };
    Ok(format!("{name}:{KEYS}{}:{}", key(Algorithm::Md5)?, key(Algorithm::Sha256)?))
}

fn parse_keys(text: &str) -> Option<([u8; 16], [u8; 32])> {
    let (md5, sha256) = text.split_once(':')?;
    Some((unhex(md5)?.try_into().ok()?, unhex(sha256)?.try_into().ok()?))
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().map(|digit| digit.to_digit(16)).collect();
    let digits = digits.filter(|digits| digits.len().is_multiple_of(2))?;
    Some(digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect())
}
