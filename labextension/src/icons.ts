/** Our icon. */

import { LabIcon } from '@jupyterlab/ui-components';

import prodkitSvg from '../style/icons/prodkit.svg';

export const prodkitIcon = new LabIcon({ name: 'jupyter-prodkit:production', svgstr: prodkitSvg });
