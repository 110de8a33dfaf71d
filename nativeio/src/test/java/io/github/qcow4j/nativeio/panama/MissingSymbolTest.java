package io.github.qcow4j.nativeio.panama;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.Errno;
import org.junit.jupiter.api.Test;

/** Functions that the C library lacks. */
final class MissingSymbolTest {

  @Test
  void aFunctionThatIsMissingAnswersAsAKernelWithoutIt() {
    assertThat(PanamaCalls.findIfThere("fsync")).isNotNull();
    assertThat(PanamaCalls.findIfThere("qcow4j_has_no_such_function")).isNull();
    assertThat(PanamaCalls.callInt(null, 0, 0, 0, 0, 0)).isEqualTo(-Errno.ENOSYS.number());
  }
}
