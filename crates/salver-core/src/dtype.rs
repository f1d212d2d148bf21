//! Element types of tensors, with the numbers that the wire uses.

macro_rules! dtypes {
    ($($variant:ident = $number:literal, $name:literal, $size:literal;)*) => {
        /// Element type. The number is TensorFlow's `DataType`; `String` has no fixed size.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(i32)]
        #[allow(missing_docs)] // Named as on the wire.
        pub enum DType { $($variant = $number,)* }

        impl DType {
            /// Every type, in wire order.
            pub const ALL: &'static [DType] = &[$(DType::$variant,)*];

            /// The type with this wire number, if tensors of it can be carried.
            pub fn from_number(number: i32) -> Option<DType> {
                match number { $($number => Some(DType::$variant),)* _ => None }
            }

            /// Lower-case name as used in messages, for example `float`.
            pub fn name(self) -> &'static str {
                match self { $(DType::$variant => $name,)* }
            }

            /// Bytes per element; 0 for `String`.
            pub fn size(self) -> usize {
                match self { $(DType::$variant => $size,)* }
            }
        }
    };
}

dtypes! {
    Float = 1, "float", 4;
    Double = 2, "double", 8;
    Int32 = 3, "int32", 4;
    Uint8 = 4, "uint8", 1;
    Int16 = 5, "int16", 2;
    Int8 = 6, "int8", 1;
    String = 7, "string", 0;
    Complex64 = 8, "complex64", 8;
    Int64 = 9, "int64", 8;
    Bool = 10, "bool", 1;
    Qint8 = 11, "qint8", 1;
    Quint8 = 12, "quint8", 1;
    Qint32 = 13, "qint32", 4;
    Bfloat16 = 14, "bfloat16", 2;
    Qint16 = 15, "qint16", 2;
    Quint16 = 16, "quint16", 2;
    Uint16 = 17, "uint16", 2;
    Complex128 = 18, "complex128", 16;
    Half = 19, "half", 2;
    Uint32 = 22, "uint32", 4;
    Uint64 = 23, "uint64", 8;
    Float8E5m2 = 24, "float8_e5m2", 1;
    Float8E4m3fn = 25, "float8_e4m3fn", 1;
    Float8E4m3fnuz = 26, "float8_e4m3fnuz", 1;
    Float8E4m3b11fnuz = 27, "float8_e4m3b11fnuz", 1;
    Float8E5m2fnuz = 28, "float8_e5m2fnuz", 1;
    Int4 = 29, "int4", 1;
    Uint4 = 30, "uint4", 1;
}

impl DType {
    /// Number of the wire enum.
    pub fn number(self) -> i32 {
        self as i32
    }
}
