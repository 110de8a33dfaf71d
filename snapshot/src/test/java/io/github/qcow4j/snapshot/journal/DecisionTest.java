package io.github.qcow4j.snapshot.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.SwitchState;
import io.github.qcow4j.snapshot.catalogue.Intent;
import io.github.qcow4j.snapshot.error.DisagreementException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What recovery decides, state by state. */
class DecisionTest {

  @ParameterizedTest
  @CsvSource({
    "UNCHANGED, true, READY",
    "UNCHANGED, false, LOST",
    "LINKED, true, BEGUN",
    "LINKED, false, STUCK",
    "BETWEEN, true, BEGUN",
    "BETWEEN, false, STUCK",
    "EXCHANGED, true, BEGUN",
    "EXCHANGED, false, BEGUN",
    "DONE, true, DONE",
    "DONE, false, DONE",
  })
  void theNamesOfFilesTellHowFarASwitchCame(
      SwitchState state, boolean freshThere, Progress progress) throws Exception {
    assertThat(Progress.of(state, freshThere)).isEqualTo(progress);
  }

  @Test
  void namesThatNoStepLeavesAreADisagreement() {
    assertThatThrownBy(() -> Progress.of(SwitchState.UNEXPLAINED, true))
        .isInstanceOf(DisagreementException.class);
  }

  @ParameterizedTest
  @CsvSource({
    "READY, BACK",
    "LOST, BACK",
    "BEGUN, FORWARD",
    "STUCK, BACK",
    "DONE, FORWARD",
  })
  void oneSwitchDecidesForItself(Progress only, Decision decision) {
    assertThat(Decision.about(Intent.Phase.MAKING, List.of(only))).isEqualTo(decision);
  }

  @ParameterizedTest
  @CsvSource({
    "DONE, READY, FORWARD",
    "READY, BEGUN, FORWARD",
    "DONE, LOST, BACK",
    "STUCK, DONE, BACK",
    "BEGUN, STUCK, BACK",
    "READY, READY, BACK",
  })
  void oneBegunTakesAllForwardAndOneLostTakesAllBack(
      Progress first, Progress second, Decision decision) {
    assertThat(Decision.about(Intent.Phase.MAKING, List.of(first, second))).isEqualTo(decision);
  }

  @Test
  void nothingSwitchedIsUndone() {
    assertThat(Decision.about(Intent.Phase.MAKING, List.of())).isEqualTo(Decision.BACK);
  }

  @ParameterizedTest
  @EnumSource
  void whatIsCommittedIsSweptWhateverTheFilesSay(Progress any) {
    assertThat(Decision.about(Intent.Phase.SWEEPING, List.of(any))).isEqualTo(Decision.SWEEP);
    assertThat(Decision.about(Intent.Phase.SWEEPING, List.of())).isEqualTo(Decision.SWEEP);
  }
}
