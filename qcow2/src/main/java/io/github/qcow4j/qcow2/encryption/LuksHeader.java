package io.github.qcow4j.qcow2.encryption;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the LUKS header of an image says (LUKS1 On-Disk Format Specification, "The partition
 * header"; qcow2 specification, "Full disk encryption header pointer").
 *
 * @param cipherName the cipher, for example {@code aes}
 * @param cipherMode its mode, for example {@code xts}: the part of the mode field before the dash
 * @param ivGenerator how initialisation vectors are made, for example {@code plain64}
 * @param ivGeneratorHash the hash that takes, or null
 * @param hashName the hash of the key derivation, for example {@code sha256}
 * @param keyBytes length of the master key in bytes
 * @param payloadOffsetBytes the payload offset field in bytes; without meaning in a qcow2 image
 * @param masterKeyIterations iterations of the master key digest
 * @param uuid the identifier, as text
 * @param slots the eight key slots
 */
public record LuksHeader(
    String cipherName,
    String cipherMode,
    String ivGenerator,
    @Nullable String ivGeneratorHash,
    String hashName,
    long keyBytes,
    long payloadOffsetBytes,
    long masterKeyIterations,
    String uuid,
    List<KeySlot> slots) {

  public LuksHeader {
    slots = List.copyOf(slots);
  }

  /**
   * One place for a passphrase.
   *
   * @param active whether it holds one
   * @param iterations iterations of its key derivation
   * @param keyOffsetBytes where its key material stands, from the LUKS header's begin
   * @param stripes into how many stripes the key material is split
   */
  public record KeySlot(boolean active, long iterations, long keyOffsetBytes, long stripes) {}

  /**
   * The cipher with its strength in bits, {@code aes-256}; in XTS mode half of the key bytes are
   * the cipher's.
   */
  public String cipherWithKeyBits() {
    long cipherKeyBytes = cipherMode.equals("xts") ? keyBytes / 2 : keyBytes;
    return cipherName + "-" + cipherKeyBytes * 8;
  }
}
