package io.github.qcow4j.qcow2.verify;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** Formats of disk images, known by the bytes they begin with, that are read as something else. */
enum ForeignFormat {
  VMDK("VMDK", 0, "KDMV"),
  VMDK_COWD("VMDK", 0, "COWD"),
  VMDK_DESCRIPTOR("VMDK", 0, "# Disk DescriptorFile"),
  VHD("VHD", 0, "conectix"),
  VHDX("VHDX", 0, "vhdxfile"),
  VDI("VDI", 0x40, "\u007f\u0010\u00da\u00be"),
  QED("QED", 0, "QED\0"),
  PARALLELS("Parallels", 0, "WithoutFreeSpace"),
  PARALLELS_EXTENDED("Parallels", 0, "WithouFreSpacExt"),
  LUKS("LUKS", 0, "LUKS\u00ba\u00be"),
  ISO("ISO 9660", 0x8001, "CD001");

  /** How much of a file is needed to know all of them. */
  static final int START_BYTES = 0x8006;

  private final String title;
  private final int offset;
  private final String signature;

  ForeignFormat(String title, int offset, String signature) {
    this.title = title;
    this.offset = offset;
    this.signature = signature;
  }

  /** The format's usual name. */
  String title() {
    return title;
  }

  /** The format of a file that begins with {@code start}. */
  static Optional<ForeignFormat> of(ByteBuffer start) {
    for (ForeignFormat format : values()) {
      byte[] signature = format.signature.getBytes(StandardCharsets.ISO_8859_1);
      if (start.remaining() >= format.offset + signature.length
          && start
              .slice(start.position() + format.offset, signature.length)
              .equals(ByteBuffer.wrap(signature))) {
        return Optional.of(format);
      }
    }
    return Optional.empty();
  }
}
