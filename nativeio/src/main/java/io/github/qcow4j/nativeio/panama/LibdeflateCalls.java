package io.github.qcow4j.nativeio.panama;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;

/**
 * The functions of libdeflate ({@code libdeflate.h}), by any number of threads, each with contexts
 * of its own.
 *
 * <p>All are linked with one shape, as {@link PanamaCalls} explains; the buffers go as segments,
 * which the linker keeps alive. No call is critical: a cluster takes long enough for others to be
 * kept waiting.
 */
public final class LibdeflateCalls {

  private static final int SUCCESS = 0;

  private static final FunctionDescriptor SHAPE =
      FunctionDescriptor.of(
          JAVA_LONG, JAVA_LONG, ADDRESS, JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG);

  private final MethodHandle allocCompressor;
  private final MethodHandle freeCompressor;
  private final MethodHandle compress;
  private final MethodHandle allocDecompressor;
  private final MethodHandle freeDecompressor;
  private final MethodHandle decompress;

  /** Links the functions of a library that is never unloaded. */
  LibdeflateCalls(SymbolLookup library) {
    this.allocCompressor = link(library, "libdeflate_alloc_compressor");
    this.freeCompressor = link(library, "libdeflate_free_compressor");
    this.compress = link(library, "libdeflate_deflate_compress");
    this.allocDecompressor = link(library, "libdeflate_alloc_decompressor");
    this.freeDecompressor = link(library, "libdeflate_free_decompressor");
    this.decompress = link(library, "libdeflate_deflate_decompress");
  }

  @SuppressWarnings("restricted") // what this class is for
  private static MethodHandle link(SymbolLookup library, String symbol) {
    MemorySegment address =
        library.find(symbol).orElseThrow(() -> new UnsatisfiedLinkError("no symbol " + symbol));
    return Linker.nativeLinker().downcallHandle(address, SHAPE);
  }

  /** Returns the address of a new context, or 0 when there is no memory. */
  public long allocCompressor(int level) {
    return call(allocCompressor, level, MemorySegment.NULL, MemorySegment.NULL);
  }

  /** Frees a context. */
  public void freeCompressor(long context) {
    call(freeCompressor, context, MemorySegment.NULL, MemorySegment.NULL);
  }

  /** Returns the length of the stream, or 0 when it does not fit. */
  public long compress(long context, MemorySegment source, MemorySegment target) {
    return call(compress, context, source, target);
  }

  /** Returns the address of a new context, or 0 when there is no memory. */
  public long allocDecompressor() {
    return call(allocDecompressor, 0, MemorySegment.NULL, MemorySegment.NULL);
  }

  /** Frees a context. */
  public void freeDecompressor(long context) {
    call(freeDecompressor, context, MemorySegment.NULL, MemorySegment.NULL);
  }

  /**
   * Whether a stream fills the target exactly: so the library takes it when it is not asked, by the
   * last argument, how much there was.
   */
  public boolean decompress(long context, MemorySegment source, MemorySegment target) {
    return (int) call(decompress, context, source, target) == SUCCESS;
  }

  private static long call(
      MethodHandle function, long first, MemorySegment source, MemorySegment target) {
    try {
      return (long)
          function.invokeExact(first, source, source.byteSize(), target, target.byteSize(), 0L);
    } catch (Error | RuntimeException e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError("a linked function throws nothing of its own", e);
    }
  }
}
