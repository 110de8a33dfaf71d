package io.github.qcow4j.qcow2.header;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * Formats of disk images that are not known here but by the bytes they begin with. Who guesses
 * formats takes such a file for more than the raw disk that it may be.
 */
public enum ForeignFormat {
  /** A sparse extent of VMware's. */
  VMDK("VMDK", 0, "KDMV"),
  /** An older sparse extent of VMware's. */
  VMDK_COWD("VMDK", 0, "COWD"),
  /** A text that describes a disk of VMware's. */
  VMDK_DESCRIPTOR("VMDK", 0, "# Disk DescriptorFile"),
  /** A dynamic disk of Virtual PC's. */
  VHD("VHD", 0, "conectix"),
  /** A disk of Hyper-V's. */
  VHDX("VHDX", 0, "vhdxfile"),
  /** A disk of VirtualBox's. */
  VDI("VDI", 0x40, "\u007f\u0010\u00da\u00be"),
  /** QEMU's enhanced disk. */
  QED("QED", 0, "QED\0"),
  /** A disk of Parallels'. */
  PARALLELS("Parallels", 0, "WithoutFreeSpace"),
  /** A larger disk of Parallels'. */
  PARALLELS_EXTENDED("Parallels", 0, "WithouFreSpacExt"),
  /** An encrypted disk. */
  LUKS("LUKS", 0, "LUKS\u00ba\u00be"),
  /** An optical disc. */
  ISO("ISO 9660", 0x8001, "CD001");

  /** How much of a file is needed to know all of them. */
  public static final int START_BYTES = 0x8006;

  private final String title;
  private final int offset;
  private final String signature;

  ForeignFormat(String title, int offset, String signature) {
    this.title = title;
    this.offset = offset;
    this.signature = signature;
  }

  /** The format's usual name. */
  public String title() {
    return title;
  }

  /** The format of a file that begins with {@code start}, which stays as it is. */
  public static Optional<ForeignFormat> of(ByteBuffer start) {
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
