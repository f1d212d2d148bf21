//! Batches that are filled up to an allowed size.

use salver_core::{BatchInput, Code, Status, TensorData};

use crate::support::{allowed, echo, fixture, floats, scalar, tensor, texts, values};

#[test]
fn padding_is_the_first_row_of_the_last_member_and_nobody_gets_it() {
    let fixture = echo(1, allowed(&[4, 8]));
    fixture.schedule(fixture.tasks([tensor(&[1, 2], &[1.0, 2.0]), tensor(&[2, 2], &[3.0, 4.0, 5.0, 6.0])]));
    let want = tensor(&[4, 2], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 3.0, 4.0]);
    assert_eq!(fixture.runs(), [vec![want]]);
    assert_eq!(fixture.mailbox.first_outputs(), [tensor(&[1, 2], &[1.0, 2.0]), tensor(&[2, 2], &[3.0, 4.0, 5.0, 6.0])]);
}

#[test]
fn an_allowed_size_needs_no_padding() {
    let fixture = echo(1, allowed(&[1, 2, 8]));
    fixture.schedule(fixture.tasks([floats(&[1.0]), floats(&[2.0])]));
    assert_eq!(fixture.runs(), [vec![floats(&[1.0, 2.0])]]);
}

#[test]
fn a_batch_of_one_is_filled_up_with_its_own_data() {
    let fixture = echo(2, allowed(&[8]));
    let inputs = vec![floats(&[7.0, 8.0, 9.0]), texts(&[3, 2], &["a", "b", "c", "d", "e", "f"])];
    fixture.schedule(vec![fixture.task_for(0, inputs.clone(), vec![1, 0])]);
    let runs = fixture.runs();
    assert_eq!(runs[0][0], floats(&[7.0, 8.0, 9.0, 7.0, 7.0, 7.0, 7.0, 7.0]));
    assert_eq!(runs[0][1].shape(), [8, 2]);
    assert_eq!(runs[0][1].rows(3, 1).unwrap(), texts(&[1, 2], &["a", "b"]));
    assert_eq!(fixture.mailbox.outcomes(), [Ok(vec![inputs[1].clone(), inputs[0].clone()])]);
}

#[test]
fn batches_above_the_largest_allowed_size_stay_as_they_are() {
    let fixture = echo(1, allowed(&[2]));
    fixture.schedule(fixture.tasks([floats(&[1.0, 2.0, 3.0])]));
    assert_eq!(fixture.run_shapes(), [[3]]);
}

#[test]
fn a_request_without_rows_is_not_filled_up() {
    let fixture = echo(1, allowed(&[4]));
    fixture.schedule(fixture.tasks([tensor(&[0, 3], &[]), floats(&[1.0])]));
    assert_eq!(fixture.run_shapes(), [vec![0, 3], vec![4]]);
    assert_eq!(fixture.mailbox.first_outputs(), [tensor(&[0, 3], &[]), floats(&[1.0])]);
}

#[test]
fn outputs_that_cannot_be_cut_are_computed_without_padding() {
    let fixture = fixture(1, allowed(&[4]), |inputs| Ok(vec![scalar(values(&inputs[0]).iter().sum())]));
    fixture.run(fixture.tasks([floats(&[1.0])]));
    assert_eq!(fixture.mailbox.first_outputs(), [scalar(1.0)]);
    assert_eq!(fixture.run_shapes(), [[4], [1]]);
}

#[test]
fn members_that_run_again_are_filled_up_each() {
    let fixture = fixture(1, allowed(&[2, 8]), |inputs| match values(&inputs[0]).contains(&-1.0) {
        true => Err(Status::invalid_argument("negative")),
        false => Ok(inputs.to_vec()),
    });
    fixture.run(fixture.tasks([floats(&[5.0]), floats(&[6.0, 6.0]), floats(&[-1.0])]));
    assert_eq!(fixture.run_shapes(), [[8], [2], [2], [2]]);
    let answers = fixture.mailbox.outcomes();
    assert_eq!((&answers[0], &answers[1]), (&Ok(vec![floats(&[5.0])]), &Ok(vec![floats(&[6.0, 6.0])])));
    assert_eq!(answers[2].as_ref().unwrap_err().code, Code::InvalidArgument);
}

#[test]
fn a_padded_request_that_fails_is_not_run_again() {
    let fixture = fixture(1, allowed(&[4]), |_| Err(Status::invalid_argument("no")));
    fixture.run(fixture.tasks([floats(&[5.0])]));
    assert_eq!(fixture.runs().len(), 1);
    assert_eq!(fixture.mailbox.outcomes()[0].as_ref().unwrap_err().code, Code::InvalidArgument);
}

#[test]
fn padding_takes_no_memory_before_it_is_joined() {
    let input = BatchInput::single(texts(&[1, 2], &["ab", "c"])).padded(1_000_000);
    assert_eq!((input.parts().len(), input.shape().to_vec(), input.num_bytes()), (1, vec![1_000_001, 2], 3_000_003));
    assert_eq!(input.strings().count(), 2_000_002);
    let TensorData::Fixed(bytes) = BatchInput::single(floats(&[1.5])).padded(2).joined().unwrap().data().clone() else {
        panic!("floats")
    };
    assert_eq!(bytes, [1.5f32.to_le_bytes(); 3].concat());
}
