package io.github.qcow4j.nativeio.panama;

import io.github.qcow4j.nativeio.support.RootCause;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;

/** Where libdeflate's shared library comes from. What is loaded stays loaded. */
public final class LibdeflateFile {

  /** What every ELF file begins with: elf(5). */
  private static final byte[] ELF_MAGIC = {0x7F, 'E', 'L', 'F'};

  private LibdeflateFile() {}

  /**
   * Loads it from a file.
   *
   * @throws IOException when it cannot be had, with the reason
   */
  public static LibdeflateCalls load(String path) throws IOException {
    Path file = Path.of(path);
    if (!Files.isRegularFile(file)) {
      throw new IOException("no such file: " + path);
    }
    requireElf(file);
    return link(file);
  }

  /**
   * Loads it from a jar on the class path, by way of a temporary file, which is gone when this
   * returns: the kernel holds what is mapped.
   *
   * @throws IOException when it cannot be had, with the reason
   */
  public static LibdeflateCalls loadFromClassPath() throws IOException {
    if (!System.getProperty("os.name", "").equals("Linux")) {
      throw new IOException("not Linux");
    }
    // As the jar of aircompressor-v3 calls it.
    String name = "aircompressor/linux-" + System.getProperty("os.arch", "") + "/libdeflate.so";
    try (InputStream resource = LibdeflateFile.class.getClassLoader().getResourceAsStream(name)) {
      if (resource == null) {
        throw new IOException("aircompressor-v3, an optional library, is not there");
      }
      Path copy = Files.createTempFile("qcow4j-libdeflate", ".so");
      try {
        Files.copy(resource, copy, StandardCopyOption.REPLACE_EXISTING);
        return link(copy);
      } finally {
        Files.delete(copy);
      }
    }
  }

  /** The virtual machine would warn of what is none in words about stacks. */
  private static void requireElf(Path file) throws IOException {
    try (InputStream input = Files.newInputStream(file)) {
      if (!Arrays.equals(input.readNBytes(ELF_MAGIC.length), ELF_MAGIC)) {
        throw new IOException("not a shared library: " + file);
      }
    }
  }

  @SuppressWarnings("restricted") // what this class is for
  private static LibdeflateCalls link(Path file) throws IOException {
    try {
      return new LibdeflateCalls(SymbolLookup.libraryLookup(file, Arena.global()));
    } catch (IllegalCallerException
        | IllegalArgumentException
        | LinkageError
        | UnsupportedOperationException e) {
      throw new IOException(RootCause.message(e), e);
    }
  }
}
