//! What attributes of the same shape share.

/// An attribute that is one transport address, plain or XORed (RFC 8489 §14.1, §14.2).
macro_rules! address_attribute {
    ($(#[$doc:meta])* $name:ident = $type:ident, $coding:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub struct $name(pub core::net::SocketAddr);

        impl $crate::attribute::Attribute<'_> for $name {
            const TYPE: $crate::attribute::AttributeType =
                $crate::attribute::AttributeType::$type;

            #[inline]
            fn decode(value: &[u8], id: &$crate::TransactionId) -> Option<Self> {
                let mask = $crate::attribute::address::Mask::$coding(id);
                $crate::attribute::address::decode(value, mask).map(Self)
            }

            #[inline]
            fn value_len(&self) -> usize {
                $crate::attribute::address::len(self.0)
            }

            #[inline]
            fn encode(&self, id: &$crate::TransactionId, out: &mut [u8]) {
                let mask = $crate::attribute::address::Mask::$coding(id);
                $crate::attribute::address::encode(self.0, mask, out);
            }
        }
    };
}

/// An attribute that is UTF-8 text, with a rule for what may be sent.
macro_rules! text_attribute {
    ($(#[$doc:meta])* $name:ident = $type:ident, $valid:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub struct $name<'a>(pub &'a str);

        impl<'a> $crate::attribute::Attribute<'a> for $name<'a> {
            const TYPE: $crate::attribute::AttributeType =
                $crate::attribute::AttributeType::$type;

            #[inline]
            fn decode(value: &'a [u8], _: &$crate::TransactionId) -> Option<Self> {
                $crate::attribute::decode_text(value).map(Self)
            }

            fn is_valid(&self) -> bool {
                let valid: fn(&str) -> bool = $valid;
                valid(self.0)
            }

            #[inline]
            fn value_len(&self) -> usize {
                self.0.len()
            }

            #[inline]
            fn encode(&self, _: &$crate::TransactionId, out: &mut [u8]) {
                out.copy_from_slice(self.0.as_bytes());
            }
        }
    };
}

/// An attribute that is bytes of any length.
macro_rules! bytes_attribute {
    ($(#[$doc:meta])* $name:ident = $type:ident, $max:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub struct $name<'a>(pub &'a [u8]);

        impl<'a> $crate::attribute::Attribute<'a> for $name<'a> {
            const TYPE: $crate::attribute::AttributeType =
                $crate::attribute::AttributeType::$type;

            #[inline]
            fn decode(value: &'a [u8], _: &$crate::TransactionId) -> Option<Self> {
                (value.len() <= $max).then_some(Self(value))
            }

            fn is_valid(&self) -> bool {
                self.0.len() <= $max
            }

            #[inline]
            fn value_len(&self) -> usize {
                self.0.len()
            }

            #[inline]
            fn encode(&self, _: &$crate::TransactionId, out: &mut [u8]) {
                out.copy_from_slice(self.0);
            }
        }
    };
}

/// An attribute that is a fixed number of bytes, turned from and into a number or array.
macro_rules! fixed_attribute {
    ($(#[$doc:meta])* $name:ident($inner:ty) = $type:ident, $len:literal,
     $from:expr, $into:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub struct $name(pub $inner);

        impl $crate::attribute::Attribute<'_> for $name {
            const TYPE: $crate::attribute::AttributeType =
                $crate::attribute::AttributeType::$type;

            #[inline]
            fn decode(value: &[u8], _: &$crate::TransactionId) -> Option<Self> {
                let from: fn([u8; $len]) -> $inner = $from;
                value.try_into().ok().map(from).map(Self)
            }

            #[inline]
            fn value_len(&self) -> usize {
                $len
            }

            #[inline]
            fn encode(&self, _: &$crate::TransactionId, out: &mut [u8]) {
                let into: fn($inner) -> [u8; $len] = $into;
                out.copy_from_slice(&into(self.0));
            }
        }
    };
}

/// An attribute whose presence says it all.
macro_rules! flag_attribute {
    ($(#[$doc:meta])* $name:ident = $type:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub struct $name;

        impl $crate::attribute::Attribute<'_> for $name {
            const TYPE: $crate::attribute::AttributeType =
                $crate::attribute::AttributeType::$type;

            #[inline]
            fn decode(value: &[u8], _: &$crate::TransactionId) -> Option<Self> {
                value.is_empty().then_some(Self)
            }

            #[inline]
            fn value_len(&self) -> usize {
                0
            }

            #[inline]
            fn encode(&self, _: &$crate::TransactionId, _: &mut [u8]) {}
        }
    };
}
